/** What a plan says of one object -> the status that is written into it. */
import type { DiscoveryStatus } from "../discovery/discovery-status.js";
import type { ExportedServiceSet } from "../resources/exported-service-set.js";
import type { ImportedServiceSet } from "../resources/imported-service-set.js";
import type { ServiceMeshPeer } from "../resources/service-mesh-peer.js";
import { compareText } from "./compare-text.js";
import { toConditions } from "./conditions.js";
import type { Diagnostic, ExportedService, LocalService, OfferedService } from "./mesh-plan.js";
import { type PeerProblem, peerConditionStates } from "./peer-conditions.js";
import type {
  ExportedServiceSetStatus,
  ImportedServiceSetStatus,
  ServiceMeshMemberRollStatus,
  ServiceMeshPeerStatus,
  VirtualAddress,
} from "./planned-status.js";
import { setConditionStates } from "./set-findings.js";

export function peerStatus(
  object: ServiceMeshPeer,
  problems: readonly PeerProblem[],
  discoveryStatus: DiscoveryStatus,
  now: number,
): ServiceMeshPeerStatus {
  const times = { previous: object.status?.conditions, generation: object.metadata.generation, now };
  return {
    ...(Object.keys(discoveryStatus).length > 0 && { discoveryStatus }),
    conditions: toConditions(peerConditionStates(problems), times),
  };
}

/** @see reference §1.2: the list is always there, `[]` when empty */
export function exportedServiceSetStatus(
  set: ExportedServiceSet,
  exported: Iterable<ExportedService>,
  diagnostics: readonly Diagnostic[],
  now: number,
): ExportedServiceSetStatus {
  const exportedServices = [...exported]
    .map(({ message, localService }) => ({ exportedName: message.hostname, localService }))
    .sort(
      (a, b) =>
        compareText(a.localService.namespace, b.localService.namespace) ||
        compareText(a.localService.name, b.localService.name) ||
        compareText(a.exportedName, b.exportedName),
    );
  return { exportedServices, ...setConditions(set, diagnostics, now) };
}

const NOT_IMPORTED: LocalService = { hostname: "", name: "", namespace: "" };

/** @see reference §1.3: one entry per service that the peer offers */
export function importedServiceSetStatus(
  set: ImportedServiceSet,
  offered: readonly OfferedService[],
  virtualAddressOf: (localHost: string) => string | undefined,
  diagnostics: readonly Diagnostic[],
  now: number,
): ImportedServiceSetStatus {
  const importedServices = offered
    .map(({ message, imported }) => ({
      exportedName: message.hostname,
      localService: imported?.localService ?? NOT_IMPORTED,
    }))
    .sort((a, b) => compareText(a.exportedName, b.exportedName));
  const virtualAddresses = offered
    .flatMap(({ imported }): readonly VirtualAddress[] => {
      const hostname = imported?.localService.hostname;
      const address = hostname === undefined ? undefined : virtualAddressOf(hostname);
      return hostname === undefined || address === undefined ? [] : [{ hostname, address }];
    })
    .sort((a, b) => compareText(a.hostname, b.hostname));
  return {
    importedServices,
    ...(virtualAddresses.length > 0 && { virtualAddresses }),
    ...setConditions(set, diagnostics, now),
  };
}

function setConditions(
  set: ExportedServiceSet | ImportedServiceSet,
  diagnostics: readonly Diagnostic[],
  now: number,
): Pick<ExportedServiceSetStatus, "conditions"> {
  const states = setConditionStates(diagnostics);
  if (states.length === 0) return {};
  const times = { previous: set.status?.conditions, generation: set.metadata.generation, now };
  return { conditions: toConditions(states, times) };
}

/** A namespace that may be a member. */
export interface NamespaceState {
  readonly name: string;
  readonly exists: boolean;
  /** Leaves out the control plane's own namespace, which is in the mesh without being a member. */
  readonly isMember: boolean;
}

export function memberRollStatus(namespaces: Iterable<NamespaceState>): ServiceMeshMemberRollStatus {
  const members = [...namespaces].filter(({ isMember }) => isMember).sort((a, b) => compareText(a.name, b.name));
  const names = (list: readonly NamespaceState[]) => list.map(({ name }) => name);
  return {
    configuredMembers: names(members.filter(({ exists }) => exists)),
    members: names(members),
    pendingMembers: names(members.filter(({ exists }) => !exists)),
  };
}
