import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { startApi } from "../api/api-rig.js";
import { configMap, namespace, peer } from "../api/objects.js";
import { type CommandInput, meshfed, meshfedHere, writeFiles } from "./cli-rig.js";

const PEER = `
apiVersion: federation.maistra.io/v1
kind: ServiceMeshPeer
metadata: { name: green-mesh, namespace: red-mesh-system }
spec:
  remote: { addresses: [192.0.2.1] }
`;
const MANIFESTS = `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { key: value }
---
${PEER}
---
apiVersion: v1
kind: Namespace
metadata: { name: red-mesh-system }
`;

it("applies manifests, and says of each object what became of it", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const directory = writeFiles({ "all.yaml": MANIFESTS });
  const apply = () => meshfed(["apply", "--data-dir", rig.directory, "-f", directory]);
  expect(await apply()).toEqual({
    code: 0,
    stdout: [
      "namespace/red-mesh-system created",
      "configmap/settings created",
      "servicemeshpeer.federation.maistra.io/green-mesh created",
      "",
    ].join("\n"),
    stderr: "",
  });
  writeFileSync(join(directory, "all.yaml"), MANIFESTS.replace("key: value", "key: other"));
  expect((await apply()).stdout.split("\n")).toEqual([
    "namespace/red-mesh-system unchanged",
    "configmap/settings configured",
    "servicemeshpeer.federation.maistra.io/green-mesh unchanged",
    "",
  ]);
  const dryRun = await meshfed(["apply", "--data-dir", rig.directory, "-f", "-", "--dry-run"], { input: MANIFESTS });
  expect(dryRun.stdout).toContain("configmap/settings configured (dry run)\n");
  const read = await rig.request("/api/v1/namespaces/default/configmaps/settings");
  expect(read.body.data, "not by the dry run").toEqual({ key: "other" });
});

it("sends nothing when one of the manifests is wrong, and names every mistake", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const directory = writeFiles({
    "a.yaml": MANIFESTS,
    "b.yaml": `${PEER.replace("[192.0.2.1]", "none")}\n---\nkind: [`,
  });
  const result = await meshfedHere(["apply", "--data-dir", rig.directory, "-f", directory, "-f", "missing.yaml"]);
  expect(result.code).toBe(2);
  expect(result.stdout).toBe("");
  expect(result.stderr.replaceAll(directory, "DIR").trimEnd().split("\n")).toEqual([
    expect.stringMatching(/^error: DIR\/b\.yaml \(document 2\): line \d+, column \d+: /),
    "error: missing.yaml: there is no such file or directory",
    expect.stringMatching(
      /^error: DIR\/b\.yaml \(document 1\): spec\.remote\.addresses: found "none", expected a list/,
    ),
  ]);
  expect((await rig.request("/api/v1/configmaps")).body.items).toEqual([]);
});

it("applies what it can when the server refuses an object, names that one, and fails", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const directory = writeFiles({
    "a.yaml": `${PEER}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}`,
  });
  const result = await meshfedHere(["apply", "--data-dir", rig.directory, "-f", join(directory, "a.yaml")]);
  expect(result).toEqual({
    code: 5,
    stdout: "configmap/settings created\n",
    stderr: `error: ${directory}/a.yaml (document 1): namespaces "red-mesh-system" not found\n`,
  });
});

it("shows tables with the columns of the kind", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), namespace("red-mesh-system"), peer("green-mesh"));
  await rig.given(peer("blue-mesh", { namespace: "red-mesh-system" }), configMap("settings"));
  const get = (...args: readonly string[]) => meshfedHere(["get", "--data-dir", rig.directory, ...args]);
  const lines = (stdout: string) =>
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/\d+s$/, "AGE"));

  expect(lines((await get("servicemeshpeers")).stdout)).toEqual([
    "NAME         CONNECTED   LAST SYNC   AGE",
    "green-mesh   Unknown     <never>     AGE",
  ]);
  expect(lines((await get("ServiceMeshPeer", "-A")).stdout)).toEqual([
    "NAMESPACE         NAME         CONNECTED   LAST SYNC   AGE",
    "default           green-mesh   Unknown     <never>     AGE",
    "red-mesh-system   blue-mesh    Unknown     <never>     AGE",
  ]);
  expect(lines((await get("servicemeshpeer/green-mesh", "-o", "wide")).stdout)).toEqual([
    "NAME         CONNECTED   LAST SYNC   ADDRESSES   AGE",
    "green-mesh   Unknown     <never>     192.0.2.1   AGE",
  ]);
  expect(lines((await get("cm", "settings")).stdout)).toEqual(["NAME       DATA   AGE", "settings   1      AGE"]);
  expect((await get("ns")).stdout).toMatch(/^NAME +STATUS +AGE\ndefault +Active/);
  const nothing = await get("smcp", "-n", "red-mesh-system");
  expect(nothing).toEqual({
    code: 0,
    stdout: "",
    stderr: 'no servicemeshcontrolplanes found in namespace "red-mesh-system"\n',
  });
});

it("prints objects for programs", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a", { labels: { tier: "gold" } }), configMap("b"));
  const get = (...args: readonly string[]) => meshfedHere(["get", "--data-dir", rig.directory, ...args]);
  const a = JSON.parse((await get("configmap", "a", "-o", "json")).stdout);
  expect(a).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { key: "value" } });
  expect(parse((await get("configmap", "a", "-o", "yaml")).stdout)).toEqual(a);
  const list = JSON.parse((await get("configmaps", "-o", "json")).stdout);
  expect(list).toMatchObject({
    apiVersion: "v1",
    kind: "List",
    items: [{ metadata: { name: "a" } }, { metadata: { name: "b" } }],
  });
  expect((await get("configmaps", "-o", "name")).stdout).toBe("configmap/a\nconfigmap/b\n");
  expect((await get("configmaps", "-o", "name", "-l", "tier=gold")).stdout).toBe("configmap/a\n");
  expect((await get("configmaps", "-o", "name", "--field-selector", "metadata.name=b")).stdout).toBe("configmap/b\n");
});

it("what get prints can be applied again", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"), peer("green-mesh"));
  for (const [kind, name] of [
    ["configmap", "a"],
    ["servicemeshpeer", "green-mesh"],
  ] as const) {
    const { stdout } = await meshfedHere(["get", "--data-dir", rig.directory, kind, name, "-o", "yaml"]);
    const applied = await meshfedHere(["apply", "--data-dir", rig.directory, "-f", "-"], { input: stdout });
    expect(applied.stdout).toMatch(/ unchanged\n$/);
  }
});

it("deletes by name and by manifest, contents before their namespace", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"), configMap("b"), configMap("c"));
  const run = (args: readonly string[], input?: CommandInput) =>
    meshfedHere(["delete", "--data-dir", rig.directory, ...args], input);
  expect(await run(["configmap", "a", "b"])).toEqual({
    code: 0,
    stdout: "configmap/a deleted\nconfigmap/b deleted\n",
    stderr: "",
  });
  expect(await run(["configmap/a"])).toEqual({ code: 5, stdout: "", stderr: 'error: configmaps "a" not found\n' });
  expect(await run(["configmap/a", "--ignore-not-found"])).toEqual({ code: 0, stdout: "", stderr: "" });
  await meshfedHere(["apply", "--data-dir", rig.directory, "-f", "-"], { input: MANIFESTS });
  expect((await run(["-f", "-"], { input: MANIFESTS })).stdout.split("\n")).toEqual([
    "servicemeshpeer.federation.maistra.io/green-mesh deleted",
    "configmap/settings deleted",
    "namespace/red-mesh-system deleted",
    "",
  ]);
});

it("never prints a secret, and keeps it through get and apply", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const input = '{apiVersion: v1, kind: Secret, metadata: {name: cacerts}, stringData: {"ca-key.pem": canary-9f1c}}';
  const outputs = [
    await meshfed(["apply", "--data-dir", rig.directory, "-f", "-"], { input }),
    await meshfed(["get", "--data-dir", rig.directory, "secrets", "-o", "yaml"]),
    await meshfed(["get", "--data-dir", rig.directory, "secret", "cacerts", "-o", "json"]),
    await meshfed(["get", "--data-dir", rig.directory, "secrets"]),
    await meshfed(["apply", "--data-dir", rig.directory, "-f", "-"], { input: input.replace("stringData", "data") }),
    await meshfed(["apply", "--data-dir", rig.directory, "-f", "-"], { input: input.replace("}}", "}, nonsense") }),
  ];
  expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 2, 2]);
  for (const { stdout, stderr } of outputs) {
    expect(stdout + stderr).not.toContain("canary-9f1c");
    expect(stdout + stderr).not.toContain(Buffer.from("canary-9f1c").toString("base64"));
    expect(stdout + stderr).not.toContain(String(rig.config.token));
  }
});

it("finds its server by directory, file or environment", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), namespace("info"), configMap("a", { namespace: "info" }));
  const kubeconfig = rig.server.kubeconfigPath;
  const get = ["get", "ns", "-o", "name"];
  const found = "namespace/default\nnamespace/info\n";
  expect((await meshfedHere([...get, "--data-dir", rig.directory])).stdout).toBe(found);
  expect((await meshfedHere([...get, "--kubeconfig", kubeconfig])).stdout).toBe(found);
  expect((await meshfedHere(get, { env: { KUBECONFIG: kubeconfig } })).stdout).toBe(found);
  expect((await meshfedHere(get, { env: { KUBECONFIG: `:${kubeconfig}:/nothing` } })).stdout).toBe(found);
  const env = { MESHFED_KUBECONFIG: kubeconfig, KUBECONFIG: "/nothing" };
  expect((await meshfedHere(get, { env })).stdout).toBe(found);

  // A kubeconfig as others write it: certificate and token in files beside it, and a namespace of its own.
  const config = parse(readFileSync(kubeconfig, "utf8"));
  const directory = writeFiles({ token: `${rig.config.token}\n` });
  copyFileSync(join(rig.directory, "pki/ca.crt"), join(directory, "ca.crt"));
  config.clusters[0].cluster = { server: rig.config.server, "certificate-authority": "ca.crt" };
  config.users[0].user = { tokenFile: "token" };
  config.contexts[0].context.namespace = "info";
  writeFileSync(join(directory, "config"), stringify(config));
  expect((await meshfedHere(["get", "cm", "-o", "name", "--kubeconfig", join(directory, "config")])).stdout).toBe(
    "configmap/a\n",
  );
});

it("ends with a code that says why, and one clear line", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"));
  const data = ["--data-dir", rig.directory];
  const text = readFileSync(rig.server.kubeconfigPath, "utf8");
  const token = String(rig.config.token);
  const directory = writeFiles({
    gone: text.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:9"),
    stranger: text.replace(token, "x".repeat(43)),
    distrustful: text.replace(/certificate-authority-data: .*/, "tls-server-name: localhost"),
    broken: `token: ${token}\n  bad: [`,
    empty: "",
    exec: text.replace(/token: .*/, "exec: {command: helper}"),
  });
  const config = (name: string) => ["--kubeconfig", join(directory, name)];
  const rows: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["get", "cm", "nobody", ...data], 5, /^error: configmaps "nobody" not found$/],
    [["get", "cm", "nobody", "-o", "json", ...data], 5, /^error: configmap\/nobody not found in namespace "default"$/],
    [["get", "teapots", ...data], 2, /^error: "teapots" is not a kind; known are servicemeshpeers, /],
    [["get", "cm", "-l", "a=b=c", ...data], 2, /^error: labelSelector: /],
    [["get", "cm", "a", "-A", ...data], 2, /^error: a ConfigMap is in one namespace/],
    [["get", "cm", "a", "-l", "x=y", ...data], 2, /^error: a selector chooses among all objects/],
    [["get", "cm/a", "b", ...data], 2, /^error: "cm\/a" names an object already/],
    [["get", "cm/a/b", ...data], 2, /^error: "cm\/a\/b" is neither KIND nor KIND\/NAME$/],
    [["get", "cm", "-A", "-n", "x", ...data], 2, /^error: -A shows all namespaces/],
    [["get", "cm", "-o", "xml", ...data], 2, /^error: option '-o, --output <format>' argument 'xml' is invalid/],
    [["get", ...data], 2, /^error: missing required argument 'kind'/],
    [["get", "cm", "--frobnicate", ...data], 2, /^error: unknown option '--frobnicate'/],
    [["frobnicate"], 2, /^error: unknown command 'frobnicate'/],
    [
      ["get", "cm", "--request-timeout", "soon", ...data],
      2,
      /^error: --request-timeout: "soon" is not a number of seconds$/,
    ],
    [["apply", ...data], 2, /^error: no manifests are given; use -f FILE_OR_DIRECTORY$/],
    [["apply", "-f", "-", ...data], 2, /^error: -: there are no objects in it$/],
    [["delete", ...data], 2, /^error: what is to be deleted\?/],
    [["delete", "cm", ...data], 2, /^error: no name is given; expected: meshfed delete cm NAME$/],
    [["delete", "cm", "a", "-f", "-", ...data], 2, /^error: -f names the objects already/],
    [["get", "cm"], 2, /^error: no server is named; use --data-dir DIR/],
    [["get", "cm", ...data, "--kubeconfig", "x"], 2, /^error: --data-dir and --kubeconfig both name a server/],
    [["get", "cm", "--data-dir", directory], 2, /^error: cannot read ".*kubeconfig" \(ENOENT\)/],
    [["get", "cm", ...config("broken")], 2, /^error: the kubeconfig is not valid YAML$/],
    [["get", "cm", ...config("empty")], 2, /^error: the kubeconfig is empty or not a YAML mapping$/],
    [["get", "cm", ...config("exec")], 2, /^error: the kubeconfig takes its credentials from a program/],
    [["get", "cm", ...config("gone")], 3, /^error: cannot reach https:\/\/127\.0\.0\.1:9: /],
    [["get", "cm", ...config("distrustful")], 3, /^error: cannot reach https:\/\/127\.0\.0\.1:\d+: .*certificate/],
    [["get", "cm", ...config("stranger")], 4, /^error: the server does not accept the credential of the kubeconfig$/],
    [["delete", "cm", "a", ...config("stranger")], 4, /^error: the server does not accept the credential/],
  ];
  for (const [args, code, line] of rows) {
    const result = await meshfedHere(args);
    const name = args.join(" ");
    expect({ code: result.code, stdout: result.stdout }, `${name}: ${result.stderr}`).toEqual({ code, stdout: "" });
    const [first = "", ...others] = result.stderr.trimEnd().split("\n");
    expect(first, name).toMatch(line);
    expect(
      others.filter((other) => other !== "run with --help for usage"),
      name,
    ).toEqual([]);
    expect(result.stderr, name).not.toMatch(/ at .*\.js|node:internal/);
    expect(result.stderr, name).not.toContain(token);
  }
}, 120_000);

it("ends its process with that code, and is not disturbed by a reader that has seen enough", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const missing = await meshfed(["get", "cm", "nobody", "--data-dir", rig.directory]);
  expect(missing).toEqual({ code: 5, stdout: "", stderr: 'error: configmaps "nobody" not found\n' });
  expect((await meshfed(["get", "cm", "--data-dir", "/nothing"])).code).toBe(2);
  await Promise.all(
    Array.from({ length: 200 }, (_, index) => rig.given(configMap(`c-${index}`, { data: { k: "x".repeat(2_000) } }))),
  );
  const cut = await meshfed(["get", "cm", "-o", "yaml", "--data-dir", rig.directory], { readOnly: 10 });
  expect(cut).toMatchObject({ code: 0, stderr: "" });
});

it("prints help and version on standard output", async () => {
  const help = await meshfed(["--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toMatch(/serve.*\n(.*\n)*.*get.*\n(.*\n)*.*apply.*\n(.*\n)*.*delete/);
  expect(await meshfed(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect((await meshfed(["get", "--help"])).stdout).toContain("--all-namespaces");
});
