/** The mesh's peers with their rules: resolved when something about them changes, and handed on to exports and imports. */
import type { DiagnosticTable } from "./diagnostics.js";
import type { ExportTable } from "./export-table.js";
import { type GatewayResource, gatewayResourceKey } from "./gateway-resource.js";
import type { ImportTable } from "./import-table.js";
import { type CompiledExports, type CompiledImports, compileExports, compileImports } from "./peer-rules.js";
import { type PeerEnvironment, type PlannedPeer, peerDiagnostics, resolvePeers } from "./peers.js";
import { missingPeer, type PeerRefusal, refusedPeer, type SetKind } from "./set-findings.js";
import type { Snapshot } from "./snapshot.js";
import { isStructurallyEqual } from "./structural-equality.js";
import type { TrackedMap } from "./tracked-map.js";

export interface PeerTableContext {
  readonly controlPlaneNamespace: string;
  readonly snapshot: Snapshot;
  readonly diagnostics: DiagnosticTable;
  readonly resources: TrackedMap<GatewayResource>;
  readonly exports: ExportTable;
  readonly imports: ImportTable;
  readonly clusterDomain: () => string;
}

export class PeerTable {
  readonly #context: PeerTableContext;
  readonly #exportRules = new Map<string, CompiledExports>();
  readonly #importRules = new Map<string, CompiledImports>();
  #peers: ReadonlyMap<string, PlannedPeer> = new Map();

  constructor(context: PeerTableContext) {
    this.#context = context;
  }

  /** By name. */
  get peers(): ReadonlyMap<string, PlannedPeer> {
    return this.#peers;
  }

  /** An ExportedServiceSet came, changed or went. */
  compileExports(peer: string): void {
    const { snapshot, diagnostics } = this.#context;
    const set = snapshot.exportSets.get(peer);
    const compiled = set && compileExports(set, this.#exportRules.get(peer));
    if (compiled === undefined) this.#exportRules.delete(peer);
    else this.#exportRules.set(peer, compiled);
    diagnostics.set(`export-rules/${peer}`, compiled?.diagnostics ?? []);
  }

  /** An ImportedServiceSet came, changed or went, or the cluster's domain changed. */
  compileImports(peer: string): void {
    const { snapshot, diagnostics, clusterDomain } = this.#context;
    const set = snapshot.importSets.get(peer);
    const compiled = set && compileImports(set, clusterDomain(), this.#importRules.get(peer));
    if (compiled === undefined) this.#importRules.delete(peer);
    else this.#importRules.set(peer, compiled);
    diagnostics.set(`import-rules/${peer}`, compiled?.diagnostics ?? []);
  }

  /** Resolves all peers again. Returns those that came, changed or went. */
  resolve(environment: PeerEnvironment): ReadonlySet<string> {
    const before = this.#peers;
    this.#peers = resolvePeers(this.#context.snapshot.peers.values(), environment);
    const gone = [...before.keys()].filter((name) => !this.#peers.has(name));
    const changed = [...this.#peers.values()].filter((peer) => !isStructurallyEqual(before.get(peer.name), peer));
    for (const name of gone) this.#remove(name);
    for (const peer of changed) this.#put(peer);
    return new Set([...gone, ...changed.map(({ name }) => name)]);
  }

  /** Hands a peer and its rules on, and tells about sets that have no usable peer. */
  distribute(name: string): void {
    const { exports, imports, snapshot, clusterDomain } = this.#context;
    const peer = this.#peers.get(name);
    if (peer !== undefined) {
      const { exportRefusal, importRefusal, ingressName, ingressIdentity } = peer;
      const exportRules = this.#exportRules.get(name)?.rules;
      exports.setPeer({
        name,
        refusal: exportRefusal?.message,
        ingressGateway: ingressName,
        ingressIdentity,
        clusterDomain: clusterDomain(),
        rules: exportRules,
      });
      const importRules = this.#importRules.get(name);
      imports.setPeer({
        name,
        refusal: importRefusal?.message,
        rules: importRules?.rules,
        locality: importRules?.locality,
      });
    }
    this.#checkReference("ExportedServiceSet", snapshot.exportSets.has(name), name, peer?.exportRefusal);
    this.#checkReference("ImportedServiceSet", snapshot.importSets.has(name), name, peer?.importRefusal);
  }

  #put({ name, ...peer }: PlannedPeer): void {
    const { resources, diagnostics, controlPlaneNamespace } = this.#context;
    for (const kind of ["IngressGateway", "EgressGateway"] as const) {
      const gateway = kind === "IngressGateway" ? peer.ingress : peer.egress;
      const key = gatewayResourceKey({ kind, peer: name });
      if (gateway === undefined) resources.delete(key);
      else resources.set(key, gateway);
    }
    diagnostics.set(`peer/${name}`, peerDiagnostics({ name, ...peer }, controlPlaneNamespace));
  }

  #remove(name: string): void {
    const { resources, diagnostics, exports, imports } = this.#context;
    resources.delete(gatewayResourceKey({ kind: "IngressGateway", peer: name }));
    resources.delete(gatewayResourceKey({ kind: "EgressGateway", peer: name }));
    diagnostics.set(`peer/${name}`, []);
    exports.removePeer(name);
    imports.removePeer(name);
  }

  #checkReference(kind: SetKind, exists: boolean, name: string, refusal: PeerRefusal | undefined): void {
    const { diagnostics, controlPlaneNamespace: namespace } = this.#context;
    const set = { kind, namespace, name };
    const problems = this.#peers.has(name) ? refusedPeer(set, refusal) : missingPeer(set);
    diagnostics.set(`set/${kind}/${name}`, exists ? problems : []);
  }
}
