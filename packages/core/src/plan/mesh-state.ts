/** The tables of a planner, and the order in which they are brought up to date. */
import { DEFAULT_CLUSTER_DOMAIN } from "../naming/host-names.js";
import { type ObjectKey, type ObjectReference, objectKey } from "../resources/kubernetes-object.js";
import { DiagnosticTable } from "./diagnostics.js";
import { ExportTable } from "./export-table.js";
import { gatewayDiagnostic, gatewayPeerProblem, type LocatedProblem } from "./gateway-problem.js";
import { type GatewayResource, gatewayResourceKey } from "./gateway-resource.js";
import { listenAddresses } from "./gateway-service.js";
import { ImportTable } from "./import-table.js";
import { desiredObjects, OUTBOUND_PORT, OUTBOUND_SERVICE } from "./installation.js";
import { InstallationTable } from "./installation-table.js";
import { memberRollDiagnostics, wrongNamespaceDiagnostics } from "./member-findings.js";
import { MemberTable } from "./member-table.js";
import { type Mesh, meshDiagnostics, resolveMesh } from "./mesh.js";
import type { DiagnosticsChange, MeshPlanChange, SnapshotChange } from "./mesh-plan.js";
import type { ControlPlaneReference } from "./owned-object.js";
import type { PeerProblem } from "./peer-conditions.js";
import { PeerTable } from "./peer-table.js";
import { PlannerInput, type Touched } from "./planner-input.js";
import type { ResolvedPlannerOptions } from "./planner-options.js";
import { RootCertificateChecks } from "./root-certificate-checks.js";
import { serviceKey } from "./snapshot.js";
import { TrackedMap } from "./tracked-map.js";
import { createVirtualAddressPool } from "./virtual-address.js";

/** Everything that a plan is read from. */
export class MeshState {
  readonly controlPlane: ControlPlaneReference;
  readonly options: ResolvedPlannerOptions;
  readonly input: PlannerInput;
  readonly members: MemberTable;
  readonly diagnostics = new DiagnosticTable();
  readonly resources = new TrackedMap<GatewayResource>();
  readonly exports: ExportTable;
  readonly imports: ImportTable;
  readonly peers: PeerTable;
  readonly installation: InstallationTable;
  readonly #roots: RootCertificateChecks;
  #mesh: Mesh | undefined;
  #isControlPlaneKnown = false;
  #now = 0;

  constructor({ namespace, name }: ControlPlaneReference, options: ResolvedPlannerOptions) {
    this.controlPlane = { namespace, name };
    this.options = options;
    this.input = new PlannerInput(namespace);
    const { snapshot, observations } = this.input;
    this.members = new MemberTable(snapshot);
    this.#roots = new RootCertificateChecks(options.checkRootCertificates);
    const shared = {
      controlPlaneNamespace: namespace,
      snapshot,
      members: this.members,
      resources: this.resources,
      diagnostics: this.diagnostics,
      clusterDomain: () => this.clusterDomain,
    };
    const range = options.virtualAddressRange;
    const pool = range === undefined ? undefined : createVirtualAddressPool(range);
    this.exports = new ExportTable(shared);
    this.imports = new ImportTable({
      ...shared,
      offersOf: (peer) => observations.services(peer),
      virtualAddresses: pool?.ok ? pool.value : undefined,
    });
    this.peers = new PeerTable({ ...shared, exports: this.exports, imports: this.imports });
    this.installation = new InstallationTable(
      this.controlPlane,
      (reference) => snapshot.ownable(reference),
      this.diagnostics,
    );
  }

  /** What the data plane says does not run; what it says of resources that are no longer wanted is left out. */
  get gatewayProblems(): readonly LocatedProblem[] {
    return this.input.gatewayProblems.flatMap((problem) => {
      const resource = this.resources.values.get(problem.resource);
      return resource === undefined ? [] : [{ problem, resource }];
    });
  }

  peerGatewayProblems(peer: string): readonly PeerProblem[] {
    const own = this.gatewayProblems.filter(({ resource }) => "peer" in resource && resource.peer === peer);
    return own.flatMap((located) => gatewayPeerProblem(located) ?? []);
  }

  /** Undefined while the mesh does not exist. */
  get mesh(): Mesh | undefined {
    return this.#mesh;
  }

  get clusterDomain(): string {
    return this.#mesh?.clusterDomain ?? DEFAULT_CLUSTER_DOMAIN;
  }

  /** Of the latest update, epoch milliseconds. */
  get now(): number {
    return this.#now;
  }

  update(changes: Iterable<SnapshotChange>, now: number): MeshPlanChange {
    this.#now = now;
    for (const change of changes) this.input.apply(change);
    const touched = this.input.takeTouched();
    this.#settleMesh(touched);
    this.#settleMembers(touched);
    this.#settleServices(touched);
    this.#settlePeers(touched);
    this.exports.settle();
    this.imports.settle();
    this.#settleOutbound();
    this.#settleGatewayProblems(touched);
    const objects = this.#settleInstallation(touched);
    const diagnostics = this.diagnostics.takeChange();
    const statuses = this.#changedStatuses(touched, diagnostics);
    return { gateway: this.resources.takeChange(), exports: this.exports.takeChange(), statuses, objects, diagnostics };
  }

  #settleMesh(touched: Touched): void {
    if (!touched.mesh) return;
    const { snapshot } = this.input;
    const before = this.#mesh?.clusterDomain;
    this.#mesh = resolveMesh(this.controlPlane, snapshot);
    this.diagnostics.set("mesh", meshDiagnostics(this.controlPlane, snapshot, this.#mesh));
    touched.memberRoll = true;
    touched.peers = true;
    if (before === this.#mesh?.clusterDomain) return;
    for (const peer of [...snapshot.peers.keys(), ...snapshot.importSets.keys()]) touched.importSets.add(peer);
  }

  #settleMembers(touched: Touched): void {
    if (!touched.memberRoll && touched.namespaces.size === 0 && !touched.elsewhere) return;
    const { snapshot } = this.input;
    const { namespace: controlPlaneNamespace } = this.controlPlane;
    const moved = touched.memberRoll ? this.members.recompile(this.#mesh) : this.members.reconsider(touched.namespaces);
    for (const namespace of moved) {
      for (const name of snapshot.servicesIn(namespace).keys()) {
        touched.services.set(serviceKey(namespace, name), { namespace, name });
      }
    }
    this.diagnostics.set("members", memberRollDiagnostics(this.members, controlPlaneNamespace));
    this.diagnostics.set("elsewhere", wrongNamespaceDiagnostics(snapshot, this.members, controlPlaneNamespace));
    const roll = { kind: "ServiceMeshMemberRoll", namespace: controlPlaneNamespace, name: "default" };
    touched.objects.set(objectKey(roll), roll);
  }

  #settleServices(touched: Touched): void {
    for (const { namespace, name } of touched.services.values()) {
      this.exports.reconsider(namespace, name);
      this.imports.reconsiderLocal(namespace, name);
    }
    for (const { namespace, name } of touched.endpoints.values()) {
      this.exports.reconsiderEndpoints(serviceKey(namespace, name));
      this.imports.reconsiderLocal(namespace, name);
    }
    for (const [peer, hostnames] of touched.offers) {
      for (const hostname of hostnames) this.imports.reconsider(peer, hostname);
    }
  }

  #settlePeers(touched: Touched): void {
    for (const peer of touched.exportSets) this.peers.compileExports(peer);
    for (const peer of touched.importSets) this.peers.compileImports(peer);
    const changed = new Set([...touched.exportSets, ...touched.importSets]);
    if (touched.peers) for (const peer of this.#resolvePeers()) changed.add(peer);
    for (const peer of changed) this.peers.distribute(peer);
    for (const peer of new Set([...changed, ...touched.offers.keys()])) this.#settleObservation(peer);
  }

  #resolvePeers(): ReadonlySet<string> {
    const { snapshot } = this.input;
    const { namespace } = this.controlPlane;
    const changed = this.peers.resolve({
      mesh: this.#mesh,
      nodeAddress: this.options.nodeAddress,
      configMap: (name) => snapshot.configMaps.get(name),
      service: (name) => snapshot.service(namespace, name),
      checkRootCertificates: (pem) => this.#roots.check(pem),
    });
    this.#roots.forgetUnused();
    return changed;
  }

  #settleObservation(peer: string): void {
    const { observations } = this.input;
    const { namespace } = this.controlPlane;
    this.imports.confirm(peer, observations.lastConfirmed(peer));
    const isPeer = this.peers.peers.has(peer);
    this.diagnostics.set(`announcements/${peer}`, isPeer ? observations.diagnostics(peer, namespace) : []);
  }

  #settleOutbound(): void {
    const { namespace, name: mesh } = this.controlPlane;
    const key = gatewayResourceKey({ kind: "OutboundListener", mesh });
    const service = this.input.snapshot.service(namespace, OUTBOUND_SERVICE);
    const { outbound, nodeAddress } = this.options;
    const assigned = service === undefined ? [] : listenAddresses(service, OUTBOUND_PORT, nodeAddress);
    const given = outbound === "none" ? [] : outbound;
    const http = given === "service" ? assigned : given;
    if (this.#mesh === undefined || http.length === 0) this.resources.delete(key);
    else this.resources.set(key, { kind: "OutboundListener", mesh, http });
  }

  #settleGatewayProblems(touched: Touched): void {
    // Without a problem, which is as it should be, a change costs nothing here.
    if (!touched.gatewayProblems && this.input.gatewayProblems.length === 0) return;
    const diagnostics = this.gatewayProblems.map((located) => gatewayDiagnostic(located, this.controlPlane));
    this.diagnostics.set("gateway-problems", diagnostics);
    // Which components do not run depends on the problems and on the gateways that they are found in.
    const controlPlane = { kind: "ServiceMeshControlPlane", ...this.controlPlane };
    touched.objects.set(objectKey(controlPlane), controlPlane);
  }

  /** Before the control plane was first seen nothing is removed: it may just not have been read yet. */
  #settleInstallation(touched: Touched): MeshPlanChange["objects"] {
    const { snapshot } = this.input;
    this.#isControlPlaneKnown ||= snapshot.controlPlanes.has(this.controlPlane.name);
    const matters = [...touched.ownable.values()].map((reference) =>
      this.installation.observe(reference, snapshot.ownable(reference)),
    );
    if (!this.#isControlPlaneKnown || (!touched.mesh && !matters.includes(true))) return { upserted: [], removed: [] };
    const controlPlane = { kind: "ServiceMeshControlPlane", ...this.controlPlane };
    touched.objects.set(objectKey(controlPlane), controlPlane);
    const mesh = this.options.installation ? this.#mesh : undefined;
    const outbound = this.options.outbound === "service";
    return this.installation.update(mesh === undefined ? [] : desiredObjects(mesh, { outbound }));
  }

  #changedStatuses(touched: Touched, diagnostics: DiagnosticsChange): ReadonlyMap<ObjectKey, ObjectReference> {
    const { namespace } = this.controlPlane;
    const statuses = new Map(touched.objects);
    const add = (reference: ObjectReference) => statuses.set(objectKey(reference), reference);
    for (const name of this.exports.takeChangedPeers()) add({ kind: "ExportedServiceSet", namespace, name });
    for (const name of this.imports.takeChangedPeers()) add({ kind: "ImportedServiceSet", namespace, name });
    for (const name of touched.offers.keys()) add({ kind: "ServiceMeshPeer", namespace, name });
    for (const { object } of [...diagnostics.appeared, ...diagnostics.resolved]) add(object);
    for (const [key, reference] of statuses) if (!this.hasStatus(reference)) statuses.delete(key);
    return statuses;
  }

  /** Whether the object is there and its status is the mesh's to write. */
  hasStatus({ kind, namespace, name }: ObjectReference): boolean {
    if (namespace !== this.controlPlane.namespace) return false;
    const { snapshot } = this.input;
    const { installation } = this.options;
    switch (kind) {
      case "ServiceMeshPeer":
        return snapshot.peers.has(name);
      case "ExportedServiceSet":
        return snapshot.exportSets.has(name);
      case "ImportedServiceSet":
        return snapshot.importSets.has(name);
      case "ServiceMeshControlPlane":
        return installation && name === this.controlPlane.name && snapshot.controlPlanes.has(name);
      case "ServiceMeshMemberRoll":
        return installation && name === "default" && snapshot.memberRolls.has(name) && this.#mesh !== undefined;
      default:
        return false;
    }
  }
}
