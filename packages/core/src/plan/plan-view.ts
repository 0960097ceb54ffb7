/** A planner's state, read as a plan. What takes work (statuses, explanations) is made when asked for. */
import type { KubernetesObject, ObjectKey, ObjectReference } from "../resources/kubernetes-object.js";
import { controlPlaneStatus } from "./control-plane-status.js";
import { explainExport, explainImport } from "./explanation.js";
import type { GatewayResource, GatewayResourceKey } from "./gateway-resource.js";
import { namespaceStates } from "./member-findings.js";
import type {
  Decision,
  Diagnostic,
  ExportedService,
  ExportQuestion,
  ImportQuestion,
  MeshPlan,
  PeerImports,
} from "./mesh-plan.js";
import type { MeshState } from "./mesh-state.js";
import type { ControlPlaneReference } from "./owned-object.js";
import type { PlannedStatus } from "./planned-status.js";
import { exportedServiceSetStatus, importedServiceSetStatus, memberRollStatus, peerStatus } from "./statuses.js";

export class PlanView implements MeshPlan {
  readonly #state: MeshState;

  constructor(state: MeshState) {
    this.#state = state;
  }

  get controlPlane(): ControlPlaneReference {
    return this.#state.controlPlane;
  }

  get gatewayResources(): ReadonlyMap<GatewayResourceKey, GatewayResource> {
    return this.#state.resources.values;
  }

  get exports(): ReadonlyMap<string, ReadonlyMap<string, ExportedService>> {
    return this.#state.exports.exports;
  }

  get imports(): ReadonlyMap<string, PeerImports> {
    return this.#state.imports.imports;
  }

  get objects(): ReadonlyMap<ObjectKey, KubernetesObject> {
    return this.#state.installation.desired;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#state.diagnostics.sorted;
  }

  status(reference: ObjectReference): PlannedStatus | undefined {
    if (!this.#state.hasStatus(reference)) return undefined;
    switch (reference.kind) {
      case "ServiceMeshPeer":
        return this.#peerStatus(reference.name);
      case "ExportedServiceSet":
      case "ImportedServiceSet":
        return this.#setStatus(reference);
      case "ServiceMeshControlPlane":
        return this.#controlPlaneStatus(reference.name);
      default:
        return this.#memberRollStatus();
    }
  }

  explainExport(question: ExportQuestion): readonly Decision[] {
    return explainExport(this.#state, question);
  }

  explainImport(question: ImportQuestion): readonly Decision[] {
    return explainImport(this.#state, question);
  }

  #peerStatus(name: string): PlannedStatus | undefined {
    const { input, peers, now } = this.#state;
    const object = input.snapshot.peers.get(name);
    const peer = peers.peers.get(name);
    if (object === undefined || peer === undefined) return undefined;
    const problems = [...peer.problems, ...this.#state.peerGatewayProblems(name)];
    return peerStatus(object, problems, input.observations.discoveryStatus(name), now);
  }

  #setStatus(reference: ObjectReference): PlannedStatus | undefined {
    const { input, exports, imports, diagnostics, now } = this.#state;
    const { kind, name } = reference;
    const exportSet = kind === "ExportedServiceSet" ? input.snapshot.exportSets.get(name) : undefined;
    if (exportSet !== undefined) {
      return exportedServiceSetStatus(
        exportSet,
        exports.exports.get(name)?.values() ?? [],
        diagnostics.of(reference),
        now,
      );
    }
    const importSet = kind === "ImportedServiceSet" ? input.snapshot.importSets.get(name) : undefined;
    if (importSet === undefined) return undefined;
    const offered = [...(imports.imports.get(name)?.services.values() ?? [])];
    const virtualAddressOf = (localHost: string) => imports.virtualAddressOf(localHost);
    return importedServiceSetStatus(importSet, offered, virtualAddressOf, diagnostics.of(reference), now);
  }

  #controlPlaneStatus(name: string): PlannedStatus | undefined {
    const { input, mesh, options, now } = this.#state;
    const controlPlane = input.snapshot.controlPlanes.get(name);
    if (controlPlane === undefined) return undefined;
    const environment = {
      serviceOf: (namespace: string, service: string) => input.snapshot.service(namespace, service),
      nodeAddress: options.nodeAddress,
      outbound: options.outbound === "service",
      gatewayProblems: this.#state.gatewayProblems,
    };
    return controlPlaneStatus(controlPlane, mesh, environment, now);
  }

  #memberRollStatus(): PlannedStatus {
    const { input, members, controlPlane } = this.#state;
    return memberRollStatus(namespaceStates(input.snapshot, members, controlPlane.namespace));
  }
}
