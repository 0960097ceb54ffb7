import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { loadManifests, parseManifests } from "../../src/manifests/load-manifests.js";
import { formatManifestProblem, validateManifests } from "../../src/manifests/validate-manifests.js";

const PEER = `
apiVersion: federation.maistra.io/v1
kind: ServiceMeshPeer
metadata:
  name: green-mesh
  namespace: red-mesh-system
spec:
  remote:
    addresses: [192.0.2.1]
`;
const DEFAULT = { defaultNamespace: "default", isRequired: false };

function files(contents: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), "meshfed-manifests-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

function names({ objects }: { objects: readonly { object: { metadata: { name: string } } }[] }): readonly string[] {
  return objects.map(({ object }) => object.metadata.name);
}

function configMap(name: string): string {
  return `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}`;
}

it("reads all documents of a file, and tells where each was", () => {
  const text = `# a comment\n---\n${configMap("a")}\n---\n# only a comment\n---\n${configMap("b")}\n...\n---\n`;
  const loaded = parseManifests(text, "x.yaml");
  expect(loaded.problems).toEqual([]);
  expect(loaded.objects.map(({ object, source }) => [object.metadata.name, source])).toEqual([
    ["a", { file: "x.yaml", document: 1 }],
    ["b", { file: "x.yaml", document: 3 }],
  ]);
});

it("reads JSON, and unpacks lists", () => {
  const list = {
    apiVersion: "v1",
    kind: "List",
    items: [JSON.parse('{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}'), { kind: "x" }],
  };
  const loaded = parseManifests(JSON.stringify(list), "x.json");
  expect(names(loaded)).toEqual(["a"]);
  expect(loaded.problems.map(formatManifestProblem)).toEqual([
    "x.json (document 1): items[1].apiVersion: is missing",
    "x.json (document 1): items[1].metadata.name: is missing",
  ]);
});

it("reads the manifests of a directory in the order of their names, others not", async () => {
  const directory = files({
    "b.yml": configMap("b"),
    "a.yaml": configMap("a"),
    "c.json": '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}',
    "README.md": "no manifest",
    ".hidden": configMap("hidden"),
    "sub/d.yaml": configMap("d"),
  });
  expect(names(await loadManifests([directory]))).toEqual(["a", "b", "c"]);
  expect(names(await loadManifests([directory], { recursive: true }))).toEqual(["a", "b", "c", "d"]);
  expect(names(await loadManifests([join(directory, "sub"), join(directory, "b.yml")]))).toEqual(["d", "b"]);
});

it("reports every problem of every file at once", async () => {
  const directory = files({
    "broken.yaml": "a: [1,\nb: 2",
    "good.yaml": configMap("good"),
    "text.yaml": "just a text",
    "twice.yaml": "kind: ConfigMap\nkind: Secret\n",
    "number.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 1}\n",
  });
  const loaded = await loadManifests([directory, join(directory, "nothing.yaml"), join(directory, "none")]);
  expect(names(loaded)).toEqual(["good"]);
  const problems = loaded.problems.map((problem) => formatManifestProblem(problem).replace(`${directory}/`, ""));
  expect(problems).toEqual([
    expect.stringMatching(/^broken\.yaml \(document 1\): line 2, column \d+: /),
    "number.yaml (document 1): metadata.name: is not a text",
    "text.yaml (document 1): is not an object; expected apiVersion, kind and metadata",
    expect.stringMatching(/^twice\.yaml \(document 1\): line 2, column 1: Map keys must be unique$/),
    "nothing.yaml: there is no such file or directory",
    "none: there is no such file or directory",
  ]);
});

it.each([
  ["nothing", ""],
  ["comments", "# nothing\n"],
  ["separators", "---\n---\n"],
])("finds no objects in %s", (_name, text) => {
  expect(parseManifests(text, "x.yaml")).toEqual({ objects: [], problems: [] });
});

it("says that a directory has no manifests", async () => {
  const directory = files({ "README.md": "", "sub/README.md": "" });
  expect((await loadManifests([files({ "a.yaml": "", "sub/README.md": "" })], { recursive: true })).problems).toEqual(
    [],
  );
  expect((await loadManifests([directory])).problems).toEqual([
    { file: directory, message: "the directory has no *.yaml, *.yml or *.json file" },
  ]);
});

it("refuses aliases that multiply without end", () => {
  const levels = Array.from(
    { length: 9 },
    (_, level) => `l${level + 1}: &l${level + 1} [${new Array(9).fill(`*l${level}`).join(",")}]`,
  );
  const loaded = parseManifests(["l0: &l0 lol", ...levels].join("\n"), "bomb.yaml");
  expect(loaded.objects).toEqual([]);
  expect(loaded.problems).toHaveLength(1);
});

it("never quotes the file in a message: it may be a Secret", () => {
  const text = "apiVersion: v1\nkind: Secret\nstringData:\n  key: canary-9f1c\n bad indentation: canary-9f1c\n";
  const loaded = parseManifests(text, "x.yaml");
  expect(loaded.problems.length).toBeGreaterThan(0);
  expect(JSON.stringify(loaded.problems)).not.toContain("canary-9f1c");
});

it("checks every object against its kind, with file, document and path", () => {
  const text = [
    PEER,
    PEER.replace("[192.0.2.1]", "no list").replace("green-mesh", "blue-mesh"),
    "{apiVersion: v1, kind: Teapot, metadata: {name: x}}",
    "{apiVersion: v9, kind: ConfigMap, metadata: {name: x}}",
    configMap("Capital"),
    PEER,
  ].join("\n---\n");
  const { objects, problems } = validateManifests(parseManifests(text, "x.yaml").objects, DEFAULT);
  expect(problems.map(formatManifestProblem)).toEqual([
    expect.stringMatching(/^x\.yaml \(document 2\): spec\.remote\.addresses: found "no list"/),
    expect.stringMatching(/^x\.yaml \(document 3\): kind: found "Teapot"/),
    expect.stringMatching(/^x\.yaml \(document 4\): apiVersion: found "v9"/),
    expect.stringMatching(/^x\.yaml \(document 5\): metadata\.name: found "Capital"/),
    'x.yaml (document 6): ServiceMeshPeer "green-mesh" was already given in x.yaml (document 1)',
  ]);
  expect(objects.map(({ type }) => type.kind)).toEqual(["ServiceMeshPeer", "ServiceMeshPeer"]);
});

it("places objects in the default namespace, namespaces in none, and sends namespaces first", () => {
  const text = [configMap("a"), PEER, "{apiVersion: v1, kind: Namespace, metadata: {name: info}}"].join("\n---\n");
  const { objects, problems } = validateManifests(parseManifests(text, "x.yaml").objects, DEFAULT);
  expect(problems).toEqual([]);
  expect(objects.map(({ object }) => [object.kind, object.metadata.namespace])).toEqual([
    ["Namespace", undefined],
    ["ConfigMap", "default"],
    ["ServiceMeshPeer", "red-mesh-system"],
  ]);
});

it("refuses an object of another namespace than the one that was asked for", () => {
  const { objects } = parseManifests(`${configMap("a")}\n---\n${PEER}`, "x.yaml");
  const { problems } = validateManifests(objects, { defaultNamespace: "info", isRequired: true });
  expect(problems.map(formatManifestProblem)).toEqual([
    'x.yaml (document 2): metadata.namespace: found "red-mesh-system", but namespace "info" was asked for',
  ]);
});
