/**
 * What a well-formed ServiceMeshPeer may still get wrong. Kubernetes stores such an object (the published CRD does not
 * object either), so it is not refused: the plan reports it in the peer's conditions, and what the field would have
 * opened stays shut.
 */
import { isDnsLabel, isDnsSubdomain } from "../naming/dns-name.js";
import { clientIdUri, formatClientId, gatewaySpiffeId } from "../naming/gateway-identity.js";
import { isTrustDomain, parseSpiffeId } from "../naming/spiffe-id.js";
import { defaultRootCertificateConfigMap } from "../naming/well-known-names.js";
import type { FieldViolation, ViolationReason } from "../result.js";
import { isIpAddress } from "./ip-address.js";
import { type ServiceMeshPeer, trustDomainOfPeer } from "./service-mesh-peer.js";
import { describeValue } from "./violations.js";

/** Leaves room for `-exports` and `-imports` in the host names that hold the peer's name. @see reference §2.1 */
const MAX_PEER_NAME = 63 - "-exports".length;

/**
 * All that is wrong with the peer by itself, in the order of its fields. The path says what suffers: `spec.remote` and
 * `spec.gateways.egress` what we send, `spec.gateways.ingress` what we receive, the rest both. What needs more than this
 * object (a trust domain equal to our own, a missing ConfigMap or gateway) is not tested here.
 */
export function checkServiceMeshPeer(peer: ServiceMeshPeer): readonly FieldViolation[] {
  return [
    ...nameViolations(peer.metadata.name),
    ...addressViolations(peer.spec.remote?.addresses ?? []),
    ...gatewayViolations(peer),
    ...trustDomainViolations(peer),
    ...clientIdViolations(peer),
    ...certificateChainViolations(peer),
  ];
}

function violation(path: string, reason: ViolationReason, message: string): FieldViolation {
  return { path, reason, message };
}

function nameViolations(name: string): readonly FieldViolation[] {
  if (!isDnsLabel(name)) {
    const message = `found ${describeValue(name)}, expected a name without ".": it becomes one label of host names`;
    return [violation("metadata.name", "Invalid", message)];
  }
  if (name.length <= MAX_PEER_NAME) return [];
  const message = `found ${name.length} characters, expected at most ${MAX_PEER_NAME}: host names add "-exports" to it`;
  return [violation("metadata.name", "TooLong", message)];
}

function addressViolations(addresses: readonly string[]): readonly FieldViolation[] {
  const expected = "the DNS name or IP address of the peer's ingress gateway";
  if (addresses.length === 0) {
    return [violation("spec.remote.addresses", "Required", `missing, expected ${expected}`)];
  }
  return addresses.flatMap((address, index) => {
    const path = `spec.remote.addresses[${index}]`;
    if (!isIpAddress(address) && !isHostName(address)) {
      const message = `found ${describeValue(address)}, expected ${expected}, without scheme and port`;
      return [violation(path, "Invalid", message)];
    }
    const earlier = addresses.indexOf(address);
    if (earlier === index) return [];
    return [violation(path, "Duplicate", `found ${describeValue(address)}, which addresses[${earlier}] has already`)];
  });
}

/** In any case, also fully qualified. An all-numeric last label makes it a mistyped IP address. @see RFC 3696 §2 */
function isHostName(text: string): boolean {
  const name = text.toLowerCase().replace(/\.$/, "");
  return isDnsSubdomain(name) && !/(^|\.)\d+$/.test(name);
}

function gatewayViolations(peer: ServiceMeshPeer): readonly FieldViolation[] {
  const ingress = peer.spec.gateways?.ingress?.name ?? "";
  const egress = peer.spec.gateways?.egress?.name ?? "";
  const violations = [
    ...gatewayNameViolations("spec.gateways.ingress.name", ingress, "receives from the peer"),
    ...gatewayNameViolations("spec.gateways.egress.name", egress, "sends to the peer"),
  ];
  if (ingress === "" || ingress !== egress) return violations;
  const message = `found ${describeValue(egress)} for ingress and egress, expected a gateway for each`;
  return [...violations, violation("spec.gateways.egress.name", "Duplicate", message)];
}

function gatewayNameViolations(path: string, name: string, task: string): readonly FieldViolation[] {
  const expected = `the name of the additional gateway of this mesh that ${task}`;
  if (name === "") return [violation(path, "Required", `missing, expected ${expected}`)];
  return isDnsLabel(name) ? [] : [violation(path, "Invalid", `found ${describeValue(name)}, expected ${expected}`)];
}

function trustDomainViolations(peer: ServiceMeshPeer): readonly FieldViolation[] {
  const path = "spec.security.trustDomain";
  const domain = peer.spec.security?.trustDomain ?? "";
  const expected = `the peer's trust domain, such as ${describeValue(`${peer.metadata.name}.local`)}`;
  if (domain === "") return [violation(path, "Required", `missing, expected ${expected}`)];
  if (isTrustDomain(domain)) return [];
  return [violation(path, "Invalid", `found ${describeValue(domain)}, expected ${expected}: lower case, no scheme`)];
}

/** Exactly one identity may enter: an empty one or a pattern would let in more. @see reference §6.3, §10.9 */
function clientIdViolations(peer: ServiceMeshPeer): readonly FieldViolation[] {
  const path = "spec.security.clientID";
  const clientId = peer.spec.security?.clientID ?? "";
  const trustDomain = trustDomainOfPeer(peer);
  const example = gatewaySpiffeId(trustDomain ?? `${peer.metadata.name}.local`, "<namespace>", "<egress gateway>");
  const expected = `the identity of the peer's egress gateway, in the form ${describeValue(formatClientId(example))}`;
  const invalid = (problem: string) => [violation(path, "Invalid", `found ${describeValue(clientId)}, ${problem}`)];

  if (clientId === "") return [violation(path, "Required", `missing, expected ${expected}`)];
  if (clientId.startsWith("spiffe://")) return invalid(`expected ${describeValue(clientId.slice("spiffe://".length))}`);
  if (clientId.includes("*")) return invalid(`expected one exact identity, no "*": ${expected}`);
  const id = parseSpiffeId(clientIdUri(clientId));
  if (!id.ok || id.value.path === "") return invalid(`expected ${expected}`);
  if (trustDomain !== undefined && id.value.trustDomain !== trustDomain) {
    return invalid(`expected an identity of the trust domain ${describeValue(trustDomain)}: no other can be verified`);
  }
  return [];
}

function certificateChainViolations(peer: ServiceMeshPeer): readonly FieldViolation[] {
  const chain = peer.spec.security?.certificateChain;
  const path = "spec.security.certificateChain";
  const violations: FieldViolation[] = [];
  if (chain?.kind && chain.kind !== "ConfigMap") {
    const message = `found ${describeValue(chain.kind)}, expected "ConfigMap"`;
    violations.push(violation(`${path}.kind`, "Unsupported", message));
  }
  if (chain?.name && !isDnsSubdomain(chain.name)) {
    const byDefault = describeValue(defaultRootCertificateConfigMap(peer.metadata.name));
    const message = `found ${describeValue(chain.name)}, expected the name of a ConfigMap, such as ${byDefault}`;
    violations.push(violation(`${path}.name`, "Invalid", message));
  }
  return violations;
}
