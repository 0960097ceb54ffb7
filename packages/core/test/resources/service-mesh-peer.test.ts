import { describe, expect, test } from "vitest";
import {
  checkServiceMeshPeer,
  clientIdOfPeer,
  resolveRemote,
  rootCertificateReference,
  type ServiceMeshPeer,
  serviceMeshPeerType,
  trustDomainOfPeer,
} from "../../src/index.js";
import { changed } from "./samples.js";

function peer(...changes: readonly (readonly [string, unknown])[]): ServiceMeshPeer {
  const result = serviceMeshPeerType.parse(changed("ServiceMeshPeer", ...changes));
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.value;
}

describe("resolveRemote", () => {
  const addresses = ["ingress.green.example.com", "192.0.2.7"];
  const cases = [
    ["ports as written", {}, 32359, 30510],
    ["unset", { discoveryPort: undefined, servicePort: undefined }, 8188, 15443],
    ["0 is unset", { discoveryPort: 0, servicePort: 0 }, 8188, 15443],
    ["one of them", { discoveryPort: 1, servicePort: undefined }, 1, 15443],
  ] as const;
  test.each(cases)("%s", (_, ports, discoveryPort, servicePort) => {
    const changes = Object.entries(ports).map(([field, value]) => [`spec.remote.${field}`, value] as const);
    expect(resolveRemote(peer(...changes))).toEqual({ addresses, discoveryPort, servicePort });
  });

  test("without spec.remote", () => {
    expect(resolveRemote(peer(["spec", undefined]))).toEqual({
      addresses: [],
      discoveryPort: 8188,
      servicePort: 15443,
    });
  });

  test("leaves spec.remote as written: the remote checksum tells unset from 8188 (reference §4.7)", () => {
    const written = peer(["spec.remote", { addresses: ["a.example"] }]);
    resolveRemote(written);
    expect(written.spec.remote).toStrictEqual({ addresses: ["a.example"] });
  });
});

test.each([
  ["as written", peer(), "ConfigMap", "green-root"],
  ["by default", peer(["spec.security.certificateChain", undefined]), "ConfigMap", "green-mesh-ca-root-cert"],
  [
    "empty texts",
    peer(["spec.security.certificateChain", { kind: "", name: "" }]),
    "ConfigMap",
    "green-mesh-ca-root-cert",
  ],
  ["another kind", peer(["spec.security.certificateChain", { kind: "Secret", name: "x" }]), "Secret", "x"],
] as const)("rootCertificateReference: %s", (_, object, kind, name) => {
  expect(rootCertificateReference(object)).toEqual({ kind, namespace: "red-mesh-system", name });
});

test.each([
  ["green-mesh.local", "green-mesh.local"],
  ["Green.local", undefined],
  ["", undefined],
])("trustDomainOfPeer: %j", (trustDomain, expected) => {
  expect(trustDomainOfPeer(peer(["spec.security.trustDomain", trustDomain]))).toBe(expected);
});

test.each([
  ["green-mesh.local/ns/x/sa/y", "spiffe://green-mesh.local/ns/x/sa/y"],
  ["*", undefined],
  ["green-mesh.local/ns/x/sa/*", undefined],
  ["green-mesh.local", undefined],
  ["spiffe://green-mesh.local/ns/x/sa/y", undefined],
  ["", undefined],
])("clientIdOfPeer: %j", (clientID, expected) => {
  expect(clientIdOfPeer(peer(["spec.security.clientID", clientID]))).toBe(expected);
});

describe("checkServiceMeshPeer", () => {
  test("has nothing against the sample", () => {
    expect(checkServiceMeshPeer(peer())).toEqual([]);
  });

  test.each([
    ["ingress-red-mesh.apps.example.com"],
    ["Ingress.Example.com."],
    ["localhost"],
    ["1.example"],
    ["192.0.2.1"],
    ["2001:db8::1"],
  ])("takes the address %s", (address) => {
    expect(checkServiceMeshPeer(peer(["spec.remote.addresses", [address]]))).toEqual([]);
  });

  const clientId = "spec.security.clientID";
  const rows = [
    [
      "a dot in the name",
      ["metadata.name", "green.mesh"],
      "metadata.name",
      "Invalid",
      'found "green.mesh", expected a name without "."',
    ],
    [
      "a name of 56 characters",
      ["metadata.name", "g".repeat(56)],
      "metadata.name",
      "TooLong",
      "found 56 characters, expected at most 55",
    ],
    [
      "no addresses",
      ["spec.remote.addresses", []],
      "spec.remote.addresses",
      "Required",
      "missing, expected the DNS name or IP address",
    ],
    [
      "no remote",
      ["spec.remote", undefined],
      "spec.remote.addresses",
      "Required",
      "missing, expected the DNS name or IP address",
    ],
    [
      "an address with scheme",
      ["spec.remote.addresses[1]", "https://a.example"],
      "spec.remote.addresses[1]",
      "Invalid",
      'found "https://a.example", expected the DNS name or IP address of the peer\'s ingress gateway, without scheme and port',
    ],
    [
      "an address with port",
      ["spec.remote.addresses[1]", "a.example:8188"],
      "spec.remote.addresses[1]",
      "Invalid",
      'found "a.example:8188"',
    ],
    [
      "a mistyped IP address",
      ["spec.remote.addresses[1]", "192.0.2.256"],
      "spec.remote.addresses[1]",
      "Invalid",
      'found "192.0.2.256"',
    ],
    [
      "an address in brackets",
      ["spec.remote.addresses[1]", "[2001:db8::1]"],
      "spec.remote.addresses[1]",
      "Invalid",
      'found "[2001:db8::1]"',
    ],
    ["an empty address", ["spec.remote.addresses[1]", ""], "spec.remote.addresses[1]", "Invalid", 'found ""'],
    [
      "one address twice",
      ["spec.remote.addresses[1]", "ingress.green.example.com"],
      "spec.remote.addresses[1]",
      "Duplicate",
      'found "ingress.green.example.com", which addresses[0] has already',
    ],
    [
      "no ingress gateway",
      ["spec.gateways.ingress", undefined],
      "spec.gateways.ingress.name",
      "Required",
      "missing, expected the name of the additional gateway of this mesh that receives from the peer",
    ],
    [
      "no egress gateway",
      ["spec.gateways.egress.name", ""],
      "spec.gateways.egress.name",
      "Required",
      "missing, expected the name of the additional gateway of this mesh that sends to the peer",
    ],
    [
      "an illegal gateway",
      ["spec.gateways.egress.name", "egress.green"],
      "spec.gateways.egress.name",
      "Invalid",
      'found "egress.green"',
    ],
    [
      "one gateway for both",
      ["spec.gateways.egress.name", "ingress-green-mesh"],
      "spec.gateways.egress.name",
      "Duplicate",
      'found "ingress-green-mesh" for ingress and egress',
    ],
    [
      "no trust domain",
      ["spec.security.trustDomain", undefined],
      "spec.security.trustDomain",
      "Required",
      'missing, expected the peer\'s trust domain, such as "green-mesh.local"',
    ],
    [
      "a trust domain with scheme",
      ["spec.security.trustDomain", "spiffe://green-mesh.local"],
      "spec.security.trustDomain",
      "Invalid",
      'found "spiffe://green-mesh.local"',
    ],
    [
      "no clientID (reference §10.9)",
      [clientId, undefined],
      clientId,
      "Required",
      'missing, expected the identity of the peer\'s egress gateway, in the form "green-mesh.local/ns/<namespace>/sa/<egress gateway>-service-account"',
    ],
    ["an empty clientID (reference §10.9)", [clientId, ""], clientId, "Required", "missing, expected the identity"],
    [
      "a clientID with scheme",
      [clientId, "spiffe://green-mesh.local/ns/x/sa/y"],
      clientId,
      "Invalid",
      'expected "green-mesh.local/ns/x/sa/y"',
    ],
    ["any client", [clientId, "*"], clientId, "Invalid", 'found "*", expected one exact identity, no "*"'],
    ["a prefix", [clientId, "green-mesh.local/ns/x/*"], clientId, "Invalid", "expected one exact identity"],
    [
      "a trust domain as clientID",
      [clientId, "green-mesh.local"],
      clientId,
      "Invalid",
      'found "green-mesh.local", expected the identity',
    ],
    [
      "a clientID with an empty segment",
      [clientId, "green-mesh.local/ns//sa/y"],
      clientId,
      "Invalid",
      "expected the identity",
    ],
    [
      "a clientID of another trust domain",
      [clientId, "blue-mesh.local/ns/x/sa/y"],
      clientId,
      "Invalid",
      'expected an identity of the trust domain "green-mesh.local": no other can be verified',
    ],
    [
      "a Secret",
      ["spec.security.certificateChain.kind", "Secret"],
      "spec.security.certificateChain.kind",
      "Unsupported",
      'found "Secret", expected "ConfigMap"',
    ],
    [
      "an illegal ConfigMap name",
      ["spec.security.certificateChain.name", "Green Root"],
      "spec.security.certificateChain.name",
      "Invalid",
      'found "Green Root", expected the name of a ConfigMap, such as "green-mesh-ca-root-cert"',
    ],
  ] as const;
  test.each(rows)("%s: stored, and reported", (_, change, path, reason, message) => {
    expect(checkServiceMeshPeer(peer(change))).toEqual([{ path, reason, message: expect.stringContaining(message) }]);
  });

  test("reports everything at once", () => {
    const empty = peer(["spec", undefined]);
    expect(checkServiceMeshPeer(empty).map(({ path }) => path)).toEqual([
      "spec.remote.addresses",
      "spec.gateways.ingress.name",
      "spec.gateways.egress.name",
      "spec.security.trustDomain",
      "spec.security.clientID",
    ]);
  });

  test("a missing trust domain is not held against the clientID too", () => {
    const violations = checkServiceMeshPeer(
      peer(["spec.security.trustDomain", ""], [clientId, "other.local/ns/x/sa/y"]),
    );
    expect(violations.map(({ path }) => path)).toEqual(["spec.security.trustDomain"]);
  });
});
