import { describe, expect, test } from "vitest";
import { parseObject } from "../../src/index.js";
import type { ViolationReason } from "../../src/result.js";
import { changed } from "./samples.js";

/** Path, reason, and a part of the message. */
type Expected = readonly [path: string, reason: ViolationReason, message: string];
type Row = readonly [name: string, input: unknown, ...violations: Expected[]];

const LABEL = 'expected a DNS label: lower-case letters, digits and "-", a letter or digit first and last';
const SUBDOMAIN = 'expected a DNS name: lower-case letters, digits, "-" and "."';

const notAnObject: readonly Row[] = [
  ["nothing", undefined, ["", "Required", "found nothing, expected an object"]],
  ["null", null, ["", "TypeInvalid", "found null, expected an object with apiVersion, kind and metadata"]],
  ["a text", "kind: Service", ["", "TypeInvalid", 'found "kind: Service", expected an object']],
  ["a list of objects", [changed("Service")], ["", "TypeInvalid", "found a list, expected an object"]],
  [
    "an empty object",
    {},
    ["apiVersion", "Required", "missing, expected the version of the API"],
    ["kind", "Required", "missing, expected one of ServiceMeshPeer, ExportedServiceSet"],
  ],
  [
    "an unknown kind",
    { apiVersion: "federation.maistra.io/v1", kind: "ServiceMeshPear" },
    ["kind", "Unsupported", 'found "ServiceMeshPear", expected one of ServiceMeshPeer, '],
  ],
  ["a kind that is no text", { apiVersion: "v1", kind: 5 }, ["kind", "TypeInvalid", "found 5, expected one of"]],
  [
    "a version that is not served",
    changed("ServiceMeshControlPlane", ["apiVersion", "maistra.io/v1"]),
    ["apiVersion", "Unsupported", 'found "maistra.io/v1", expected maistra.io/v2'],
  ],
  [
    "a group without its version",
    changed("ServiceMeshPeer", ["apiVersion", "federation.maistra.io"]),
    ["apiVersion", "Unsupported", "expected federation.maistra.io/v1"],
  ],
  [
    "one of several versions is meant",
    changed("DestinationRule", ["apiVersion", "networking.istio.io/v2"]),
    [
      "apiVersion",
      "Unsupported",
      "expected one of networking.istio.io/v1, networking.istio.io/v1beta1, networking.istio.io/v1alpha3",
    ],
  ],
];

const metadata: readonly Row[] = [
  ["no metadata", changed("Lease", ["metadata", undefined]), ["metadata", "Required", "missing, expected an object"]],
  [
    "no name",
    changed("ServiceMeshPeer", ["metadata.name", undefined]),
    ["metadata.name", "Required", `missing, ${SUBDOMAIN}`],
  ],
  [
    "an empty name",
    changed("ConfigMap", ["metadata.name", ""]),
    ["metadata.name", "Invalid", `found "", ${SUBDOMAIN}`],
  ],
  [
    "no namespace",
    changed("ExportedServiceSet", ["metadata.namespace", undefined]),
    ["metadata.namespace", "Required", `missing, ${LABEL}`],
  ],
  [
    "a namespace that is null",
    changed("ExportedServiceSet", ["metadata.namespace", null]),
    ["metadata.namespace", "Required", `missing, ${LABEL}`],
  ],
  [
    "a namespace where none belongs",
    changed("Namespace", ["metadata.namespace", "red"]),
    ["metadata.namespace", "Forbidden", 'found "red", expected none: this kind belongs to no namespace'],
  ],
  [
    "an upper-case name",
    changed("ServiceMeshPeer", ["metadata.name", "Green-Mesh"]),
    ["metadata.name", "Invalid", `found "Green-Mesh", ${SUBDOMAIN}`],
  ],
  [
    "a name of 254 characters",
    changed("ConfigMap", ["metadata.name", "a".repeat(254)]),
    ["metadata.name", "TooLong", "found 254 characters, expected at most 253"],
  ],
  [
    "a Service with a dot in its name",
    changed("Service", ["metadata.name", "ratings.info"]),
    ["metadata.name", "Invalid", `found "ratings.info", ${LABEL}`],
  ],
  [
    "a namespace of 64 characters",
    changed("Service", ["metadata.namespace", "n".repeat(64)]),
    ["metadata.namespace", "TooLong", "found 64 characters, expected at most 63"],
  ],
  [
    "a name that YAML reads as a number",
    changed("Service", ["metadata.name", 404]),
    ["metadata.name", "TypeInvalid", `found 404, ${LABEL}, in quotes`],
  ],
  [
    "labels and annotations, each wrong in another way",
    changed(
      "Service",
      [
        "metadata.labels",
        { "-a": "x", "example.com/": "x", "b/c/d": "x", ok: "a b", yes: true, ["k".repeat(64)]: "x" },
      ],
      ["metadata.annotations", { "a b": "x", "ok.example/note": 5 }],
    ),
    ["metadata.labels.yes", "TypeInvalid", "found true, expected text, in quotes"],
    ['metadata.labels["-a"]', "Invalid", 'in the key: found "-a", expected a name of letters'],
    ['metadata.labels["example.com/"]', "Invalid", 'in the key: found "", expected a name of letters'],
    ['metadata.labels["b/c/d"]', "Invalid", 'in the key: found "c/d", expected a name of letters'],
    ["metadata.labels.ok", "Invalid", 'found "a b", expected letters, digits'],
    [`metadata.labels.${"k".repeat(64)}`, "TooLong", "in the key: found 64 characters, expected at most 63"],
    ['metadata.annotations["ok.example/note"]', "TypeInvalid", "found 5, expected text, in quotes"],
    ['metadata.annotations["a b"]', "Invalid", 'in the key: found "a b"'],
  ],
  [
    "keys whose prefix is no DNS name; an annotation's may be in upper case",
    changed(
      "Service",
      ["metadata.labels", { "under_score/x": "y", "Example.com/x": "y" }],
      ["metadata.annotations", { "Example.com/x": "y" }],
    ),
    ['metadata.labels["under_score/x"]', "Invalid", 'found the key prefix "under_score", expected a DNS name'],
    ['metadata.labels["Example.com/x"]', "Invalid", 'found the key prefix "Example.com", expected a DNS name'],
  ],
  [
    "a label value of 64 characters",
    changed("Service", ["metadata.labels", { app: "v".repeat(64) }]),
    ["metadata.labels.app", "TooLong", "found 64 characters, expected at most 63"],
  ],
  [
    "annotations of more than 256 KiB",
    changed("Service", ["metadata.annotations", { a: "x".repeat(262_144) }]),
    ["metadata.annotations", "TooLong", "found 262145 characters in all, expected at most 262144"],
  ],
  [
    "times that are none, an owner without uid, an unnamed finalizer",
    changed(
      "ServiceMeshPeer",
      ["metadata.creationTimestamp", "yesterday"],
      ["metadata.deletionTimestamp", "2021-02-31T99:00:00Z"],
      ["metadata.ownerReferences", [{ apiVersion: "v1", kind: "Pod", name: "x", controller: "true" }]],
      ["metadata.finalizers", [""]],
      ["metadata.generation", -1],
    ),
    ["metadata.generation", "Invalid", "found -1, expected a whole number from 0 to 2147483647"],
    ["metadata.creationTimestamp", "Invalid", 'found "yesterday", expected a time such as 2021-10-05T13:02:25Z'],
    ["metadata.deletionTimestamp", "Invalid", 'found "2021-02-31T99:00:00Z", expected a time such as'],
    ["metadata.finalizers[0]", "Required", 'found "", expected the name of a finalizer'],
    ["metadata.ownerReferences[0].uid", "Required", "missing, expected the owner's uid"],
    ["metadata.ownerReferences[0].controller", "TypeInvalid", 'found "true", expected a boolean, without quotes'],
  ],
];

const federation: readonly Row[] = [
  [
    "a spec that is a list",
    changed("ServiceMeshPeer", ["spec", []]),
    ["spec", "TypeInvalid", "found a list, expected an object"],
  ],
  [
    "remote in every way wrong",
    changed("ServiceMeshPeer", ["spec.remote", { addresses: "192.0.2.1", discoveryPort: "8188", servicePort: 65_536 }]),
    ["spec.remote.addresses", "TypeInvalid", 'found "192.0.2.1", expected a list'],
    ["spec.remote.discoveryPort", "TypeInvalid", 'found "8188", expected a port from 0 to 65535, without quotes'],
    ["spec.remote.servicePort", "Invalid", "found 65536, expected a port from 0 to 65535"],
  ],
  [
    "an address that is a number, a port that is no whole number",
    changed("ServiceMeshPeer", ["spec.remote.addresses[1]", 127], ["spec.remote.discoveryPort", 81.88]),
    ["spec.remote.addresses[1]", "TypeInvalid", "found 127, expected text, in quotes"],
    ["spec.remote.discoveryPort", "Invalid", "found 81.88, expected a port from 0 to 65535"],
  ],
  [
    "an empty certificateChain",
    changed("ServiceMeshPeer", ["spec.security.certificateChain", {}]),
    ["spec.security.certificateChain.kind", "Required", "missing, expected ConfigMap"],
    ["spec.security.certificateChain.name", "Required", "missing, expected the name of the ConfigMap"],
  ],
  [
    "a gateway by its name alone",
    changed("ServiceMeshPeer", ["spec.gateways.ingress", "ingress-green-mesh"]),
    ["spec.gateways.ingress", "TypeInvalid", 'found "ingress-green-mesh", expected an object'],
  ],
  [
    "a status with a pod twice, a source twice, and no connected",
    changed("ServiceMeshPeer", [
      "status.discoveryStatus.active",
      [
        {
          pod: "a",
          watch: {},
          remotes: [
            { source: "s", connected: true },
            { source: "s", connected: false },
          ],
        },
        { pod: "a", watch: { connected: true, lastEvent: 5 } },
      ],
    ]),
    ["status.discoveryStatus.active[0].watch.connected", "Required", "missing, expected a boolean"],
    ["status.discoveryStatus.active[0].remotes[1].source", "Duplicate", 'found "s" as in [0], expected each only once'],
    [
      "status.discoveryStatus.active[1].watch.lastEvent",
      "TypeInvalid",
      "found 5, expected a time such as 2021-10-05T13:02:25Z, in quotes",
    ],
    ["status.discoveryStatus.active[1].pod", "Duplicate", 'found "a" as in [0]'],
  ],
  [
    "a condition of no known status, and one type twice",
    changed("ServiceMeshPeer", [
      "status.conditions",
      [
        { type: "Accepted", status: "Yes" },
        { type: "Accepted", status: true },
      ],
    ]),
    ["status.conditions[0].status", "Unsupported", 'found "Yes", expected "True", "False" or "Unknown"'],
    ["status.conditions[1].status", "TypeInvalid", 'found true, expected "True", "False" or "Unknown"'],
    ["status.conditions[1].type", "Duplicate", 'found "Accepted" as in [0]'],
  ],
  [
    "rules that are an object",
    changed("ExportedServiceSet", ["spec.exportRules", { type: "NameSelector" }]),
    ["spec.exportRules", "TypeInvalid", "found an object, expected a list"],
  ],
  [
    "an export rule without type, and one whose selectors have the wrong types",
    changed("ExportedServiceSet", [
      "spec.exportRules",
      [
        { nameSelector: { name: "ratings" } },
        { type: "NameSelector", nameSelector: { namespace: ["info"], name: 5, alias: "info/ratings" } },
        { type: true, labelSelector: { selector: { matchLabels: { a: 1 }, matchExpressions: [{ values: "x" }] } } },
        "ratings",
      ],
    ]),
    ["spec.exportRules[0].type", "Required", "missing, expected NameSelector or LabelSelector"],
    ["spec.exportRules[1].nameSelector.namespace", "TypeInvalid", "found a list, expected text"],
    ["spec.exportRules[1].nameSelector.name", "TypeInvalid", "found 5, expected text, in quotes"],
    ["spec.exportRules[1].nameSelector.alias", "TypeInvalid", 'found "info/ratings", expected an object'],
    ["spec.exportRules[2].type", "TypeInvalid", "found true, expected NameSelector or LabelSelector, in quotes"],
    ["spec.exportRules[2].labelSelector.selector.matchLabels.a", "TypeInvalid", "found 1, expected text, in quotes"],
    [
      "spec.exportRules[2].labelSelector.selector.matchExpressions[0].key",
      "Required",
      "missing, expected the key of a label",
    ],
    [
      "spec.exportRules[2].labelSelector.selector.matchExpressions[0].operator",
      "Required",
      "missing, expected In, NotIn",
    ],
    [
      "spec.exportRules[2].labelSelector.selector.matchExpressions[0].values",
      "TypeInvalid",
      'found "x", expected a list',
    ],
    ["spec.exportRules[3]", "TypeInvalid", 'found "ratings", expected an object'],
  ],
  [
    "aliases that are one alias",
    changed("ExportedServiceSet", ["spec.exportRules[1].labelSelector.aliases", { alias: { namespace: "info" } }]),
    ["spec.exportRules[1].labelSelector.aliases", "TypeInvalid", "found an object, expected a list"],
  ],
  [
    "one exported name twice in the status",
    changed("ExportedServiceSet", [
      "status.exportedServices[1]",
      { exportedName: "red-ratings.info.svc.green-mesh-exports.local", localService: { name: "x", namespace: "y" } },
    ]),
    ["status.exportedServices[1].localService.hostname", "Required", "missing, expected text"],
    [
      "status.exportedServices[1].exportedName",
      "Duplicate",
      'found "red-ratings.info.svc.green-mesh-exports.local" as in [0]',
    ],
  ],
  [
    "importAsLocal and locality of the wrong types",
    changed(
      "ImportedServiceSet",
      ["spec.importRules[0].importAsLocal", "true"],
      ["spec.locality", "us-west"],
      ["spec.domainSuffix", 1],
    ),
    ["spec.importRules[0].importAsLocal", "TypeInvalid", 'found "true", expected a boolean, without quotes'],
    ["spec.domainSuffix", "TypeInvalid", "found 1, expected text, in quotes"],
    ["spec.locality", "TypeInvalid", 'found "us-west", expected an object'],
  ],
  [
    "an import rule without type and a zone that is a number",
    changed("ImportedServiceSet", ["spec.importRules[0].type", undefined], ["spec.locality.zone", 1]),
    ["spec.importRules[0].type", "Required", "missing, expected NameSelector"],
    ["spec.locality.zone", "TypeInvalid", "found 1, expected text, in quotes"],
  ],
];

const gateway = (kind: "Ingress" | "Egress", field: string) =>
  `spec.gateways.additional${kind}.${kind.toLowerCase()}-green-mesh.${field}`;

const mesh: readonly Row[] = [
  [
    "a gateway with a port out of range, a wrong type and an unknown Service type",
    changed(
      "ServiceMeshControlPlane",
      [gateway("Ingress", "enabled"), "yes"],
      [gateway("Ingress", "service.type"), "ExternalName"],
      [gateway("Ingress", "service.ports[0].port"), 0],
      [gateway("Ingress", "service.ports[0].nodePort"), 70_000],
      [gateway("Ingress", "service.ports[1].targetPort"), "Not_A_Port_Name"],
      [gateway("Egress", "requestedNetworkView"), "green-network"],
    ),
    [gateway("Ingress", "enabled"), "TypeInvalid", 'found "yes", expected a boolean'],
    [
      gateway("Ingress", "service.type"),
      "Unsupported",
      'found "ExternalName", expected "ClusterIP", "NodePort" or "LoadBalancer"',
    ],
    [gateway("Ingress", "service.ports[0].port"), "Invalid", "found 0, expected a port from 1 to 65535"],
    [gateway("Ingress", "service.ports[0].nodePort"), "Invalid", "found 70000, expected a port from 0 to 65535"],
    [
      gateway("Ingress", "service.ports[1].targetPort"),
      "Invalid",
      'found "Not_A_Port_Name", expected a port from 1 to 65535 or a port name',
    ],
    [gateway("Egress", "requestedNetworkView"), "TypeInvalid", 'found "green-network", expected a list'],
  ],
  [
    "gateways as a list, as they are in other products",
    changed("ServiceMeshControlPlane", ["spec.gateways.additionalIngress", [{ name: "ingress-green-mesh" }]]),
    ["spec.gateways.additionalIngress", "TypeInvalid", "found a list, expected an object"],
  ],
  [
    "a gateway's name that cannot be a Service's, beside a gateway that is wrong itself",
    changed("ServiceMeshControlPlane", [
      "spec.gateways.additionalEgress",
      { "egress.green": {}, other: { enabled: 1 } },
    ]),
    ["spec.gateways.additionalEgress.other.enabled", "TypeInvalid", "found 1, expected a boolean"],
    ['spec.gateways.additionalEgress["egress.green"]', "Invalid", `found "egress.green", ${LABEL}`],
  ],
  [
    "an illegal trust domain and cluster domain",
    changed(
      "ServiceMeshControlPlane",
      ["spec.security.trust.domain", "spiffe://red-mesh.local"],
      ["spec.security.trust.additionalDomains[0]", "Old"],
      ["spec.proxy.networking.clusterDomain", "cluster.local."],
    ),
    ["spec.proxy.networking.clusterDomain", "Invalid", `found "cluster.local.", ${SUBDOMAIN}`],
    [
      "spec.security.trust.domain",
      "Invalid",
      'found "spiffe://red-mesh.local", expected a trust domain: lower-case letters',
    ],
    ["spec.security.trust.additionalDomains[0]", "Invalid", 'found "Old", expected a trust domain'],
  ],
  [
    "a ServiceMeshMemberRoll by another name, with illegal members",
    changed("ServiceMeshMemberRoll", ["metadata.name", "red-mesh"], ["spec.members", ["red-*", 5]]),
    ["metadata.name", "Invalid", 'found "red-mesh", expected "default"'],
    ["spec.members[0]", "Invalid", 'found "red-*", expected the name of a namespace, or "*" for all'],
    ["spec.members[1]", "TypeInvalid", "found 5, expected the name of a namespace"],
  ],
  [
    "a ServiceMeshMember without control plane",
    changed("ServiceMeshMember", ["spec", {}]),
    ["spec.controlPlaneRef", "Required", "missing, expected an object"],
  ],
  [
    "a ServiceMeshMember whose control plane has no namespace",
    changed("ServiceMeshMember", ["metadata.name", "mine"], ["spec.controlPlaneRef.namespace", undefined]),
    ["metadata.name", "Invalid", 'found "mine", expected "default"'],
    ["spec.controlPlaneRef.namespace", "Required", `missing, ${LABEL}`],
  ],
  [
    "a DestinationRule without host, with odd durations, shares and percentages",
    changed(
      "DestinationRule",
      ["spec.host", undefined],
      ["spec.trafficPolicy.outlierDetection", { interval: "10", baseEjectionTime: "-1m", maxEjectionPercent: 101 }],
      ["spec.trafficPolicy.portLevelSettings[0].loadBalancer.localityLbSetting.distribute[0].to", { "us-east/*": 80 }],
      ["spec.trafficPolicy.loadBalancer.localityLbSetting.failover[0].to", "us-east"],
    ),
    ["spec.host", "Required", "missing, expected the host of a service"],
    [
      "spec.trafficPolicy.loadBalancer.localityLbSetting.failover[0].to",
      "Invalid",
      'found "us-east", expected another region than "from"',
    ],
    [
      "spec.trafficPolicy.outlierDetection.interval",
      "Invalid",
      'found "10", expected a duration of at least 1ms, such as 10s',
    ],
    ["spec.trafficPolicy.outlierDetection.baseEjectionTime", "Invalid", 'found "-1m", expected a duration'],
    [
      "spec.trafficPolicy.outlierDetection.maxEjectionPercent",
      "Invalid",
      "found 101, expected a percentage from 0 to 100",
    ],
    [
      "spec.trafficPolicy.portLevelSettings[0].loadBalancer.localityLbSetting.distribute[0].to",
      "Invalid",
      "found shares that add up to 80, expected 100",
    ],
  ],
  [
    "a DestinationRule that both distributes and fails over, with an unknown policy",
    changed(
      "DestinationRule",
      ["spec.trafficPolicy.loadBalancer.localityLbSetting.distribute", [{ from: "a/*", to: { "a/*": 100 } }]],
      ["spec.trafficPolicy.loadBalancer.simple", "FASTEST"],
      ["spec.trafficPolicy.outlierDetection.consecutive5xxErrors", "3"],
    ),
    [
      "spec.trafficPolicy.loadBalancer.simple",
      "Unsupported",
      'found "FASTEST", expected "UNSPECIFIED", "LEAST_CONN", ',
    ],
    [
      "spec.trafficPolicy.loadBalancer.localityLbSetting.failover",
      "Forbidden",
      "found both, expected either distribute or failover",
    ],
    [
      "spec.trafficPolicy.outlierDetection.consecutive5xxErrors",
      "TypeInvalid",
      'found "3", expected a whole number from 0',
    ],
  ],
];

const core: readonly Row[] = [
  [
    "a Service without spec",
    changed("Service", ["spec", undefined]),
    ["spec.ports", "Required", "missing, expected at least one port"],
  ],
  [
    "a Service whose ports are wrong one by one",
    changed("Service", [
      "spec.ports",
      [
        { name: "Web", port: 80 },
        { name: "http", port: 0 },
        { name: "http", port: "80", protocol: "tcp" },
        { name: "x", port: 81, targetPort: 65_536, nodePort: -1 },
        { name: "y", targetPort: false },
      ],
    ]),
    ["spec.ports[0].name", "Invalid", `found "Web", ${LABEL}`],
    ["spec.ports[1].port", "Invalid", "found 0, expected a port from 1 to 65535"],
    ["spec.ports[2].protocol", "Unsupported", 'found "tcp", expected "TCP", "UDP" or "SCTP"'],
    ["spec.ports[2].port", "TypeInvalid", 'found "80", expected a port from 1 to 65535, without quotes'],
    ["spec.ports[3].targetPort", "Invalid", "found 65536, expected a port from 1 to 65535 or a port name"],
    ["spec.ports[3].nodePort", "Invalid", "found -1, expected a port from 0 to 65535"],
    ["spec.ports[4].port", "Required", "missing, expected a port from 1 to 65535"],
    ["spec.ports[4].targetPort", "TypeInvalid", "found false, expected a port from 1 to 65535 or a port name"],
    ["spec.ports[2].name", "Duplicate", 'found "http" as in [1], expected each only once'],
  ],
  [
    "a Service with several ports, unnamed and twice the same",
    changed("Service", ["spec.ports", [{ port: 80 }, { port: 80 }, { port: 80, protocol: "UDP", name: "dns" }]]),
    ["spec.ports[0].name", "Required", "missing, expected a name: there are several ports"],
    ["spec.ports[1].name", "Required", "missing, expected a name: there are several ports"],
    ["spec.ports[1].port", "Duplicate", 'found "80/TCP" as in [0], expected each only once'],
  ],
  [
    "an ExternalName without name, of an unknown host, with an odd cluster IP",
    changed("Service", ["spec.type", "ExternalName"], ["spec.clusterIP", "10.0.0"], ["spec.selector", { app: "a b" }]),
    ["spec.clusterIP", "Invalid", 'found "10.0.0", expected an IP address, "None" or nothing'],
    ["spec.selector.app", "Invalid", 'found "a b", expected letters, digits'],
    ["spec.externalName", "Required", "missing, expected the DNS name that it stands for"],
  ],
  [
    "an ExternalName that is a URL, and an unknown type",
    changed("Service", ["spec.type", "Headless"], ["spec.externalName", "https://example.com"]),
    [
      "spec.type",
      "Unsupported",
      'found "Headless", expected "ClusterIP", "NodePort", "LoadBalancer" or "ExternalName"',
    ],
    ["spec.externalName", "Invalid", 'found "https://example.com", expected a DNS name in lower case'],
  ],
  [
    "a ConfigMap with a number, an illegal key, and a key in both maps",
    changed("ConfigMap", ["data", { a: 5, "../x": "y" }], ["binaryData", { a: "no base64" }]),
    ["data.a", "TypeInvalid", "found 5, expected text, in quotes"],
    ['data["../x"]', "Invalid", 'found the key "../x", expected letters, digits'],
    ["binaryData.a", "Invalid", "found text that is not base64, expected base64 text"],
    ["binaryData.a", "Duplicate", 'found "a" as in data, expected each key only once'],
  ],
  [
    "a ConfigMap of more than 1 MiB",
    changed("ConfigMap", ["data", { a: "x".repeat(1_048_576) }]),
    ["data", "TooLong", "found 1048577 characters in all, expected at most 1048576"],
  ],
  [
    "a Pod in no known phase",
    changed("Pod", ["status.phase", "Sleeping"], ["spec.hostNetwork", 1]),
    ["spec.hostNetwork", "TypeInvalid", "found 1, expected a boolean"],
    ["status.phase", "Unsupported", 'found "Sleeping", expected "Pending", "Running"'],
  ],
  [
    "a Namespace in no known phase",
    changed("Namespace", ["status.phase", "Gone"]),
    ["status.phase", "Unsupported", 'found "Gone", expected "Active" or "Terminating"'],
  ],
  [
    "a ServiceAccount whose name is a SPIFFE ID",
    changed("ServiceAccount", ["metadata.name", "spiffe://red/ns/x/sa/y"]),
    ["metadata.name", "Invalid", `found "spiffe://red/ns/x/sa/y", ${SUBDOMAIN}`],
  ],
  [
    "an Event about nothing",
    changed("Event", ["involvedObject", undefined], ["count", -3], ["lastTimestamp", "noon"]),
    ["involvedObject", "Required", "missing, expected an object"],
    ["count", "Invalid", "found -3, expected a whole number from 0"],
    ["lastTimestamp", "Invalid", 'found "noon", expected a time such as'],
  ],
  [
    "an EndpointSlice with addresses that are not what addressType says, none, no list, and a port twice",
    changed(
      "EndpointSlice",
      ["endpoints", [{ addresses: ["fd00::1", "127.0.0.1", "127.0.0.256"] }, { addresses: [] }, { conditions: {} }]],
      ["ports", [{ port: 80 }, { port: 0 }]],
    ),
    ["endpoints[2].addresses", "Required", "missing, expected a list"],
    ["ports[1].port", "Invalid", "found 0, expected a port from 1 to 65535"],
    ["endpoints[0].addresses[0]", "Invalid", 'found "fd00::1", expected an IPv4 address: addressType is IPv4'],
    ["endpoints[0].addresses[2]", "Invalid", 'found "127.0.0.256", expected an IPv4 address'],
    ["endpoints[1].addresses", "Required", "found an empty list, expected an IPv4 address"],
    ["ports[1].name", "Duplicate", 'found "" as in [0]'],
  ],
  [
    "an EndpointSlice without addressType",
    changed("EndpointSlice", ["addressType", undefined]),
    ["addressType", "Required", 'missing, expected "IPv4", "IPv6" or "FQDN"'],
  ],
  [
    "a Lease of no duration",
    changed("Lease", ["spec.leaseDurationSeconds", 0], ["spec.renewTime", "2021-10-05"]),
    ["spec.leaseDurationSeconds", "Invalid", "found 0, expected a whole number from 1 to 2147483647"],
    ["spec.renewTime", "Invalid", 'found "2021-10-05", expected a time such as 2021-10-05T13:02:25Z'],
  ],
];

describe.each([
  ["not an object of a known kind", notAnObject],
  ["metadata", metadata],
  ["federation.maistra.io", federation],
  ["the mesh", mesh],
  ["core kinds", core],
])("%s: every violation at once", (_, rows) => {
  for (const [name, input, ...violations] of rows) {
    test(name, () => {
      const result = parseObject(input);
      expect(result.ok).toBe(false);
      expect(result.ok ? [] : result.violations).toEqual(
        violations.map(([path, reason, message]) => ({ path, reason, message: expect.stringContaining(message) })),
      );
    });
  }
});

test("the table is not short", () => {
  const rows = [...notAnObject, ...metadata, ...federation, ...mesh, ...core];
  expect(rows.length).toBeGreaterThanOrEqual(45);
});

test("a Secret's content is in no message", () => {
  const secret = changed(
    "Secret",
    ["data", { number: 20_481_023, text: "hunter2 is not base64" }],
    ["stringData", { flag: true, "bad key": "hunter2" }],
  );
  const result = parseObject(secret);
  const found = result.ok ? [] : result.violations.map(({ path, message }) => [path, message]);
  expect(found).toEqual([
    ["data.number", "found a number, expected base64 text, in quotes"],
    ["data.text", "found text that is not base64, expected base64 text"],
    ["stringData.flag", "found a boolean, expected text, in quotes"],
    ['stringData["bad key"]', expect.stringContaining('found the key "bad key"')],
  ]);
  const whole = parseObject(changed("Secret", ["data", "hunter2"], ["stringData", ["hunter2"]]));
  expect(JSON.stringify(whole)).not.toContain("hunter2");
  expect(whole.ok).toBe(false);
});
