/** One valid object of each kind, with most fields that the kind knows and complete with the defaults that parsing writes. */
export const SAMPLES = {
  ServiceMeshPeer: {
    apiVersion: "federation.maistra.io/v1",
    kind: "ServiceMeshPeer",
    metadata: {
      name: "green-mesh",
      namespace: "red-mesh-system",
      uid: "7d2f2a0e-3a32-4d07-9f57-5f9a1f0c7f11",
      resourceVersion: "17",
      generation: 2,
      creationTimestamp: "2021-10-05T13:02:25Z",
      labels: { "app.kubernetes.io/part-of": "bookinfo" },
      annotations: { "example.com/note": "any text: with = signs" },
      finalizers: ["maistra.io/federation"],
    },
    spec: {
      remote: { addresses: ["ingress.green.example.com", "192.0.2.7"], discoveryPort: 32359, servicePort: 30510 },
      gateways: { ingress: { name: "ingress-green-mesh" }, egress: { name: "egress-green-mesh" } },
      security: {
        trustDomain: "green-mesh.local",
        clientID: "green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account",
        certificateChain: { kind: "ConfigMap", name: "green-root" },
      },
    },
    status: {
      discoveryStatus: {
        active: [
          {
            pod: "istiod-red-mesh-b65457658-9wq5j",
            watch: { connected: true, lastConnected: "2021-10-05T13:02:55Z" },
            remotes: [{ source: "10.128.2.149", connected: true, lastFullSync: "2021-10-05T13:02:25Z" }],
          },
        ],
        inactive: [],
      },
      conditions: [
        {
          type: "Accepted",
          status: "True",
          reason: "Accepted",
          message: "",
          observedGeneration: 2,
          lastTransitionTime: "2021-10-05T13:02:25Z",
        },
      ],
    },
  },
  ExportedServiceSet: {
    apiVersion: "federation.maistra.io/v1",
    kind: "ExportedServiceSet",
    metadata: { name: "green-mesh", namespace: "red-mesh-system" },
    spec: {
      exportRules: [
        {
          type: "NameSelector",
          nameSelector: {
            namespace: "red-mesh-info",
            name: "ratings",
            alias: { namespace: "info", name: "red-ratings" },
          },
        },
        {
          type: "LabelSelector",
          labelSelector: {
            namespace: "red-mesh-info",
            selector: {
              matchLabels: { "export-service": "true" },
              matchExpressions: [{ key: "tier", operator: "In", values: ["front", "back"] }],
            },
            aliases: [{ namespace: "*", name: "*", alias: { namespace: "info" } }],
          },
        },
      ],
    },
    status: {
      exportedServices: [
        {
          exportedName: "red-ratings.info.svc.green-mesh-exports.local",
          localService: {
            hostname: "ratings.red-mesh-info.svc.cluster.local",
            name: "ratings",
            namespace: "red-mesh-info",
          },
        },
      ],
    },
  },
  ImportedServiceSet: {
    apiVersion: "federation.maistra.io/v1",
    kind: "ImportedServiceSet",
    metadata: { name: "red-mesh", namespace: "green-mesh-system" },
    spec: {
      importRules: [
        {
          type: "NameSelector",
          importAsLocal: true,
          domainSuffix: "imported.local",
          nameSelector: { namespace: "info", name: "ratings", alias: { namespace: "info", name: "ratings" } },
        },
      ],
      domainSuffix: "svc.red.example",
      locality: { region: "us-west", zone: "a", subzone: "rack-1" },
    },
    status: {
      importedServices: [
        {
          exportedName: "reviews.red-mesh-info.svc.green-mesh-exports.local",
          localService: { hostname: "", name: "", namespace: "" },
        },
      ],
    },
  },
  ServiceMeshControlPlane: {
    apiVersion: "maistra.io/v2",
    kind: "ServiceMeshControlPlane",
    metadata: { name: "red-mesh", namespace: "red-mesh-system" },
    spec: {
      version: "v2.6",
      mode: "MultiTenant",
      cluster: { name: "red", network: "red-network" },
      gateways: {
        additionalIngress: {
          "ingress-green-mesh": {
            enabled: true,
            service: {
              type: "NodePort",
              metadata: {
                labels: { "federation.maistra.io/ingress-for": "ingress-green-mesh" },
                annotations: { "service.beta.kubernetes.io/aws-load-balancer-type": "nlb" },
              },
              ports: [
                { name: "tls", port: 15443, nodePort: 30510 },
                { name: "https-discovery", port: 8188, targetPort: 8188 },
              ],
            },
          },
        },
        additionalEgress: {
          "egress-green-mesh": {
            enabled: true,
            requestedNetworkView: ["green-network"],
            service: {
              ports: [
                { name: "tls", port: 15443 },
                { name: "http-discovery", port: 8188 },
              ],
            },
          },
        },
      },
      proxy: { networking: { clusterDomain: "cluster.local" } },
      security: { trust: { domain: "red-mesh.local", additionalDomains: ["old.red-mesh.local"] } },
    },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  },
  ServiceMeshMemberRoll: {
    apiVersion: "maistra.io/v1",
    kind: "ServiceMeshMemberRoll",
    metadata: { name: "default", namespace: "red-mesh-system" },
    spec: { members: ["red-mesh-info", "*"], memberSelectors: [{ matchLabels: { mesh: "red" } }] },
    status: { configuredMembers: ["red-mesh-info"] },
  },
  ServiceMeshMember: {
    apiVersion: "maistra.io/v1",
    kind: "ServiceMeshMember",
    metadata: { name: "default", namespace: "red-mesh-info" },
    spec: { controlPlaneRef: { name: "red-mesh", namespace: "red-mesh-system" } },
    status: { conditions: [{ type: "Ready", status: "False", reason: "X", message: "y" }] },
  },
  DestinationRule: {
    apiVersion: "networking.istio.io/v1beta1",
    kind: "DestinationRule",
    metadata: { name: "default-failover", namespace: "info" },
    spec: {
      host: "ratings.info.svc.cluster.local",
      trafficPolicy: {
        loadBalancer: {
          simple: "LEAST_REQUEST",
          localityLbSetting: { enabled: true, failover: [{ from: "us-east", to: "us-west" }] },
        },
        outlierDetection: {
          consecutive5xxErrors: 3,
          interval: "10s",
          baseEjectionTime: "1m",
          maxEjectionPercent: 50,
        },
        connectionPool: { tcp: { maxConnections: 10, connectTimeout: "100ms" }, http: { maxRetries: 3 } },
        portLevelSettings: [
          {
            port: { number: 9080 },
            loadBalancer: {
              localityLbSetting: { distribute: [{ from: "us-east/*", to: { "us-east/*": 80, "us-west/*": 20 } }] },
            },
          },
        ],
      },
      subsets: [{ name: "v1", labels: { version: "v1" } }],
      exportTo: ["."],
    },
  },
  Namespace: {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "red-mesh-info", labels: { mesh: "red" } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  },
  Service: {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "ratings",
      namespace: "red-mesh-info",
      labels: { "export-service": "true" },
      annotations: { "networking.istio.io/exportTo": "*" },
    },
    spec: {
      type: "NodePort",
      clusterIP: "10.0.0.7",
      clusterIPs: ["10.0.0.7", "fd00::7"],
      selector: { app: "ratings" },
      ports: [
        { name: "http", protocol: "TCP", port: 9080, targetPort: "http", nodePort: 30080 },
        { name: "grpc-health", protocol: "TCP", appProtocol: "grpc", port: 9090, targetPort: 9090 },
      ],
    },
    status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }, { hostname: "lb.example.com" }] } },
  },
  ConfigMap: {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "green-mesh-ca-root-cert", namespace: "red-mesh-system" },
    data: { "root-cert.pem": "-----BEGIN CERTIFICATE-----\n" },
    binaryData: { "root-cert.der": "MAA=" },
    immutable: false,
  },
  Secret: {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "cacerts", namespace: "red-mesh-system" },
    type: "Opaque",
    data: { "ca-key.pem": "aHVudGVyMg==" },
  },
  Pod: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "ratings-1", namespace: "red-mesh-info" },
    spec: { serviceAccountName: "bookinfo-ratings", nodeName: "node-1", hostNetwork: false },
    status: {
      phase: "Running",
      podIP: "10.1.0.4",
      hostIP: "192.0.2.9",
      conditions: [{ type: "Ready", status: "True" }],
    },
  },
  ServiceAccount: {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "ingress-green-mesh-service-account", namespace: "red-mesh-system" },
    automountServiceAccountToken: false,
  },
  Event: {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "green-mesh.17a0c2", namespace: "red-mesh-system" },
    involvedObject: { apiVersion: "federation.maistra.io/v1", kind: "ServiceMeshPeer", name: "green-mesh" },
    type: "Warning",
    reason: "InvalidRule",
    message: "rule 2 is not used",
    source: { component: "meshfed" },
    count: 3,
    firstTimestamp: "2021-10-05T13:02:25Z",
    eventTime: "2021-10-05T13:02:25.123456Z",
  },
  EndpointSlice: {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: "ratings-x7k2p",
      namespace: "red-mesh-info",
      labels: { "kubernetes.io/service-name": "ratings" },
    },
    addressType: "IPv4",
    endpoints: [
      {
        addresses: ["127.0.0.10"],
        conditions: { ready: true, serving: true, terminating: false },
        hostname: "ratings-1",
        nodeName: "node-1",
        zone: "us-east-1a",
        targetRef: { kind: "Pod", namespace: "red-mesh-info", name: "ratings-1" },
        deprecatedTopology: { "topology.kubernetes.io/region": "us-east" },
      },
    ],
    ports: [{ name: "http", protocol: "TCP", port: 9080, appProtocol: "http" }],
  },
  Lease: {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "servicemesh-federation", namespace: "red-mesh-system" },
    spec: {
      holderIdentity: "istiod-red-mesh-0",
      leaseDurationSeconds: 30,
      acquireTime: "2021-10-05T13:02:25.000000Z",
      renewTime: "2021-10-05T13:02:40.000000Z",
      leaseTransitions: 1,
    },
  },
} as const;

export type SampleKind = keyof typeof SAMPLES;

/** A copy of the sample with values set, or removed where `undefined`. Paths: `spec.ports[0].name`, or a list of segments. */
export function changed(kind: SampleKind, ...changes: readonly (readonly [Path, unknown])[]): unknown {
  const copy: unknown = structuredClone(SAMPLES[kind]);
  for (const [path, value] of changes) setAt(copy, typeof path === "string" ? segmentsOf(path) : path, value);
  return copy;
}

type Path = string | readonly (string | number)[];

function segmentsOf(path: string): readonly (string | number)[] {
  return [...path.matchAll(/[^.[\]]+/g)].map(([segment]) => (/^\d+$/.test(segment) ? Number(segment) : segment));
}

function setAt(container: unknown, segments: readonly (string | number)[], value: unknown): void {
  const [first, ...rest] = segments;
  if (typeof container !== "object" || container === null || first === undefined) {
    throw new Error(`no object at ${segments.join(".")}`);
  }
  if (rest.length === 0) {
    if (value === undefined) Reflect.deleteProperty(container, first);
    else Reflect.set(container, first, value);
    return;
  }
  const next: unknown = Reflect.get(container, first);
  if (next === undefined) Reflect.set(container, first, {});
  setAt(Reflect.get(container, first), rest, value);
}
