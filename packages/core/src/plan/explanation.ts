/** "Why is this service (not) shared?": decisions made again by the functions that made them, this time with a trace. */
import type { ServiceMessage } from "../discovery/message.js";
import { parseExportedHost, serviceHost } from "../naming/host-names.js";
import { formatViolations } from "../result.js";
import { formatTimestamp } from "../timestamp.js";
import { compareText } from "./compare-text.js";
import { peerDecision } from "./export-decision.js";
import { gatewayResourceKey, type Locality } from "./gateway-resource.js";
import { decideImport, decideImportByName, type ImportPeer } from "./import-decision.js";
import type { Decision, ExportQuestion, ImportQuestion } from "./mesh-plan.js";
import type { MeshState } from "./mesh-state.js";

export function explainExport(state: MeshState, { service: name, peer }: ExportQuestion): readonly Decision[] {
  const planned = state.peers.peers.get(peer);
  if (planned === undefined) return [noPeer(state, peer)];
  const service = state.input.snapshot.service(name.namespace, name.name);
  if (service === undefined) {
    const accepted = peerDecision({ name: peer, refusal: planned.exportRefusal?.message });
    return planned.exportRefusal === undefined ? [accepted, missingService(state, name)] : [accepted];
  }
  const trace: Decision[] = [];
  if (state.exports.decide(peer, service, trace) === undefined) return trace;
  const conflict = state.exports.conflictDecision(peer, name);
  if (conflict !== undefined) trace.push(conflict);
  if (conflict?.outcome !== "pass") return trace;
  const { ingress, ingressName } = planned;
  if (ingress === undefined) {
    const message = `nobody can come in: the ingress gateway "${ingressName}" is not there`;
    return [...trace, { test: "Authorization", outcome: "fail", message }];
  }
  return [
    ...trace,
    {
      test: "Authorization",
      outcome: "pass",
      message: `only "${ingress.clientId}" is let in, through the ingress gateway "${ingressName}"`,
    },
    { test: "Imported", outcome: "unknown", message: `whether "${peer}" imports it, only "${peer}" knows` },
  ];
}

function noPeer({ controlPlane }: MeshState, peer: string): Decision {
  const message = `there is no ServiceMeshPeer "${controlPlane.namespace}/${peer}"`;
  return { test: "PeerAccepted", outcome: "fail", message };
}

function missingService(state: MeshState, { namespace, name }: ExportQuestion["service"]): Decision {
  const localHost = serviceHost(name, namespace, state.clusterDomain);
  if (state.resources.values.has(gatewayResourceKey({ kind: "ImportedService", localHost }))) {
    const message = `"${namespace}/${name}" is imported from another mesh, which alone can export it`;
    return { test: "Federated", outcome: "fail", message };
  }
  return { test: "Exists", outcome: "fail", message: `there is no Service "${namespace}/${name}"` };
}

export function explainImport(state: MeshState, question: ImportQuestion): readonly Decision[] {
  const { peer } = question;
  const planned = state.peers.peers.get(peer);
  const rules = state.imports.peer(peer);
  if (planned === undefined || rules === undefined) return [noPeer(state, peer)];
  const message = findOffer(state, question);
  if (message === undefined) return explainWithoutOffer(state, question, rules);

  const trace: Decision[] = [];
  const match = decideImport(message, rules, trace);
  const [accepted, ...later] = trace;
  if (rules.refusal !== undefined || accepted === undefined) return trace;
  const decisions = [accepted, offered(state, peer, message.hostname), ...later];
  if (match === undefined) return decisions;
  const conflict = state.imports.conflictDecision(peer, message.hostname);
  if (conflict !== undefined) decisions.push(conflict);
  if (conflict?.outcome !== "pass") return decisions;
  if (rules.locality !== undefined) decisions.push(locality(rules.locality));
  return [...decisions, authorization(planned.egress?.identity, peer)];
}

function findOffer({ input }: MeshState, question: ImportQuestion): ServiceMessage | undefined {
  const services = input.observations.services(question.peer);
  if ("hostname" in question) return services.get(question.hostname);
  return [...services.values()]
    .filter(({ name, namespace }) => name === question.name && namespace === question.namespace)
    .sort((a, b) => compareText(a.hostname, b.hostname))[0];
}

/** What can be told of a service that the peer does not offer, or that is not believed. */
function explainWithoutOffer(state: MeshState, question: ImportQuestion, rules: ImportPeer): readonly Decision[] {
  const { peer } = question;
  const trace: Decision[] = [peerDecision(rules)];
  if (rules.refusal !== undefined) return trace;
  const { input } = state;
  const hostname = "hostname" in question ? question.hostname : undefined;
  const rejection = hostname === undefined ? undefined : input.observations.rejection(peer, hostname);
  if (rejection !== undefined) {
    const message = `the announcement of "${hostname}" is not believed: ${formatViolations(rejection)}`;
    return [...trace, { test: "Announcement", outcome: "fail", message }];
  }
  trace.push(notOffered(state, peer));
  const named = "hostname" in question ? parseExportedHost(question.hostname) : question;
  if (named !== undefined) decideImportByName(named, rules, trace);
  return trace;
}

function offered({ input }: MeshState, peer: string, hostname: string): Decision {
  const confirmed = input.observations.lastConfirmed(peer);
  const since = confirmed === undefined ? "" : `, last confirmed at ${formatTimestamp(confirmed)}`;
  return { test: "Announcement", outcome: "pass", message: `"${peer}" offers "${hostname}"${since}` };
}

function notOffered({ input }: MeshState, peer: string): Decision {
  const confirmed = input.observations.lastConfirmed(peer);
  const message =
    confirmed === undefined
      ? `"${peer}" has not been heard of yet; what it offers, only "${peer}" knows`
      : `"${peer}" did not offer it at ${formatTimestamp(confirmed)}; why, only "${peer}" knows`;
  return { test: "Announcement", outcome: "unknown", message };
}

function locality({ region, zone, subzone }: Locality): Decision {
  const message = `its endpoints count as those of "${region}/${zone}/${subzone}"`;
  return { test: "Locality", outcome: "info", message };
}

function authorization(identity: string | undefined, peer: string): Decision {
  return identity === undefined
    ? { test: "Authorization", outcome: "fail", message: `nothing can be sent: the egress gateway is not there` }
    : {
        test: "Authorization",
        outcome: "unknown",
        message: `whether "${peer}" lets "${identity}" in, only "${peer}" knows`,
      };
}
