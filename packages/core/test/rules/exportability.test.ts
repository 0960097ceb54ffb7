import {
  compileExportRules,
  type Decision,
  type ExportContext,
  type ExportRule,
  type ExportTestName,
  explainExportTests,
  findExportObstacle,
  importedServiceLabels,
  type Service,
  serviceType,
} from "@meshfed/core";
import { describe, expect, test } from "vitest";

const NAMESPACE = "red-mesh-system";

interface ServiceInput {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly spec?: Record<string, unknown>;
}

function service({ name = "ratings", namespace = "info", labels, annotations, spec }: ServiceInput = {}): Service {
  const parsed = serviceType.parse({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, ...(labels && { labels }), ...(annotations && { annotations }) },
    spec: spec ?? { ports: [{ port: 9080 }] },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.value;
}

const names = (namespace: string, name: string): ExportRule => ({
  type: "NameSelector",
  nameSelector: { namespace, name },
});

function context(rules: ExportRule[] = [names("*", "*")], overrides: Partial<ExportContext> = {}): ExportContext {
  return {
    controlPlaneNamespace: NAMESPACE,
    membership: { inMesh: true, reason: "Listed" },
    ingressGateway: "ingress-green-mesh",
    rules: compileExportRules(rules, { controlPlaneNamespace: NAMESPACE }),
    ...overrides,
  };
}

const imported = importedServiceLabels({ peer: "p", network: "network-p", serviceName: "ratings.info.p.remote" });
const port = (protocol: string, number = 53) => ({ name: `p${number}`, port: number, protocol });
const exportTo = (value: string) => ({ "networking.istio.io/exportTo": value });
const elsewhere = { membership: { inMesh: false, reason: "NotAMember" } } as const;
const inSystem = (name: string) => service({ namespace: NAMESPACE, name });

describe("what keeps a Service from being exported (reference §3.2 rows 1, 2, 4, 7, 8; 10.32, 10.33)", () => {
  const rows: [string, Service, ExportContext, ExportTestName | undefined][] = [
    ["an ordinary Service", service(), context(), undefined],
    ["a Service that no rule matches", service(), context([]), undefined],
    ["a headless Service", service({ spec: { clusterIP: "None", ports: [{ port: 9080 }] } }), context(), undefined],
    ["TCP beside UDP", service({ spec: { ports: [port("UDP"), port("TCP", 54)] } }), context(), undefined],
    ["exportTo *", service({ annotations: exportTo("*") }), context(), undefined],
    ["exportTo the control plane", service({ annotations: exportTo(`x,${NAMESPACE}`) }), context(), undefined],
    [
      "a control-plane Service that is named exactly",
      inSystem("prometheus"),
      context([names(NAMESPACE, "prometheus")]),
      undefined,
    ],
    [
      "the same with exportTo .",
      service({ namespace: NAMESPACE, name: "prometheus", annotations: exportTo(".") }),
      context([names(NAMESPACE, "prometheus")]),
      undefined,
    ],
    ["the ingress' name in another namespace", service({ name: "ingress-green-mesh" }), context(), undefined],

    ["an imported service", service({ labels: imported }), context(), "Federated"],
    ["ExternalName", service({ spec: { type: "ExternalName", externalName: "example.org" } }), context(), "External"],
    ["no ports", service({ spec: { clusterIP: "None" } }), context(), "Ports"],
    ["UDP only", service({ spec: { ports: [port("UDP")] } }), context(), "Ports"],
    ["UDP and SCTP only", service({ spec: { ports: [port("UDP"), port("SCTP", 54)] } }), context(), "Ports"],
    ["a namespace outside the mesh", service(), context([names("info", "ratings")], elsewhere), "Member"],
    ["the peer's ingress", inSystem("ingress-green-mesh"), context(), "IngressGateway"],
    [
      "the peer's ingress, even named exactly",
      inSystem("ingress-green-mesh"),
      context([names(NAMESPACE, "ingress-green-mesh")]),
      "IngressGateway",
    ],
    ["istiod under *", inSystem("istiod-red-mesh"), context(), "ControlPlaneService"],
    [
      "another gateway under a name",
      inSystem("egress-green-mesh"),
      context([names("*", "egress-green-mesh")]),
      "ControlPlaneService",
    ],
    [
      "a control-plane Service under an invalid exact rule",
      inSystem("prometheus"),
      context([
        { type: "NameSelector", nameSelector: { namespace: NAMESPACE, name: "prometheus", alias: { name: "." } } },
      ]),
      "ControlPlaneService",
    ],
    ["exportTo .", service({ annotations: exportTo(".") }), context(), "Visibility"],
    ["exportTo ~", service({ annotations: exportTo("~") }), context(), "Visibility"],
    ["exportTo another namespace", service({ annotations: exportTo("books") }), context(), "Visibility"],
  ];
  test.each(rows)("%s", (_case, one, where, expected) => {
    expect(findExportObstacle(one, where)).toBe(expected);
    const tests: readonly Decision[] = explainExportTests(one, where);
    expect(tests.filter(({ outcome }) => outcome === "fail").map((failed) => failed.test)).toEqual(
      expected ? [expected] : [],
    );
    expect(tests.slice(0, -1).every(({ outcome }) => outcome === "pass")).toBe(true);
    expect(tests.every(({ message }) => message !== "")).toBe(true);
  });
});

describe("explanations", () => {
  test("of a Service that passes every test", () => {
    expect(explainExportTests(service(), context()).map(({ test: name, message }) => `${name}: ${message}`)).toEqual([
      "Federated: the Service is the mesh's own",
      "External: the Service is inside the mesh",
      "Ports: the Service has a TCP port",
      'Member: the namespace "info" is in the mesh: the ServiceMeshMemberRoll lists it',
      "IngressGateway: the Service is not the ingress gateway of the peer",
      "ControlPlaneService: the Service is not in the control-plane namespace",
      'Visibility: the Service is visible to "red-mesh-system"',
    ]);
  });

  const rows: [Service, ExportContext, string][] = [
    [
      service({ spec: { type: "ExternalName", externalName: "example.org" } }),
      context(),
      'the Service is an ExternalName and stands for "example.org" outside the mesh',
    ],
    [service({ spec: { clusterIP: "None" } }), context(), "the Service has no port"],
    [
      service({ spec: { ports: [port("UDP"), port("UDP", 54), port("SCTP", 55)] } }),
      context(),
      "the Service has UDP, SCTP ports only; federation carries TCP",
    ],
    [
      service(),
      context([], elsewhere),
      'the namespace "info" is not in the mesh: neither the ServiceMeshMemberRoll nor a ServiceMeshMember makes it a member',
    ],
    [
      service({ annotations: exportTo(".,books") }),
      context(),
      'the annotation networking.istio.io/exportTo (., books) hides the Service from "red-mesh-system"',
    ],
  ];
  test.each(rows)("of a failure %#", (one, where, message) => {
    expect(explainExportTests(one, where).at(-1)).toMatchObject({ outcome: "fail", message });
  });
});
