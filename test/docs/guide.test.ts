/**
 * The guide is true: it is followed from its first command to its last, with real servers, and shows what it says. Other
 * addresses and ports are put in its place, so that it does not meet other tests.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { eventually } from "../e2e/eventually.ts";
import { type GuideStep, guideSteps } from "./guide-steps.ts";
import { REPOSITORY, readPages } from "./markdown.ts";

const SETUP = /^npm ci\b/;
const folder = mkdtempSync(join(tmpdir(), "meshfed-guide-"));
const running: ChildProcess[] = [];
let hasCurl = false;

/** `npx` takes the command from here: the build, with the Node.js that the tests run on. */
const environment = {
  ...process.env,
  PATH: [join(folder, "bin"), dirname(process.execPath), process.env.PATH].join(delimiter),
};

beforeAll(async () => {
  mkdirSync(join(folder, "bin"));
  const main = join(REPOSITORY, "packages/server/dist/cli/main.js");
  writeFileSync(join(folder, "bin/npx"), `#!/bin/sh\nshift\nexec "${process.execPath}" "${main}" "$@"\n`, {
    mode: 0o755,
  });
  hasCurl = await run("curl --version").then(
    () => true,
    () => false,
  );
});

afterAll(async () => {
  await Promise.all(running.map(end));
  rmSync(folder, { recursive: true });
});

test("the guide can be followed from beginning to end", { timeout: 240_000 }, async () => {
  const guide = readPages().find(({ path }) => path === "docs/guides/federation.md");
  const steps = guideSteps(await inItsOwnPlace(guide?.text ?? ""));
  expect(steps.length).toBeGreaterThan(20);
  let shown = "";
  for (const step of steps) {
    try {
      if (step.kind === "run" && !SETUP.test(step.command)) shown = step.command;
      await follow(step, shown);
    } catch (error) {
      throw new Error(`line ${step.line} of the guide: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
});

async function follow(step: GuideStep, shown: string): Promise<void> {
  switch (step.kind) {
    case "save":
      mkdirSync(dirname(join(folder, step.file)), { recursive: true });
      writeFileSync(join(folder, step.file), step.content);
      break;
    case "start":
      await start(step.command);
      break;
    case "run":
      if (!SETUP.test(step.command)) await run(step.command);
      break;
    case "show":
      // Where there is no curl, what others show remains.
      if (step.command.includes("curl") && !hasCurl) break;
      await eventually(async () => expect(withoutTimes(await run(step.command))).toBe(withoutTimes(step.output)));
      break;
    case "expect":
      await eventually(async () => expect(comparable(await run(shown))).toMatchObject(comparable(step.content)));
      break;
  }
}

/** Settles when a server is ready or a workload listens. */
async function start(command: string): Promise<void> {
  const child = spawn("sh", ["-c", `exec ${command}`], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "pipe", "ignore"],
  });
  running.push(child);
  if (command.startsWith("node")) return;
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  await eventually(() => expect(output).toMatch(/^ready /m));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}

/** Standard output; rejects with standard error when the command fails. */
async function run(command: string): Promise<string> {
  const child = spawn("sh", ["-euc", command], { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  const [output, errors, code] = await Promise.all([readAll(child.stdout), readAll(child.stderr), exited]);
  // curl ends a tunnel that it was told to leave open with 28.
  if (code === 0 || (command.includes("--proxytunnel") && code === 28)) return output;
  throw new Error(`${command} ended with code ${code}: ${errors}`);
}

async function inItsOwnPlace(guide: string): Promise<string> {
  const [http, tcp] = await Promise.all([freePort(), freePort()]);
  return guide
    .replaceAll("127.80.", "127.90.")
    .replaceAll("127.96.", "127.112.")
    .replaceAll("127.97.", "127.113.")
    .replaceAll(/--port 644\d/g, "--port 0")
    .replaceAll("9080", String(http))
    .replaceAll("7000", String(tcp));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Ages, and the widths that follow from them, differ from run to run. */
function withoutTimes(output: string): string {
  return output
    .replaceAll(/\b\d+[smh]\b/g, "AGE")
    .replaceAll(/ {2,}/g, "  ")
    .trim();
}

/** Times, the pod's name and what an earlier attempt left behind differ from run to run. */
function comparable(yaml: string): object {
  const text = yaml
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "TIME")
    .replaceAll(/^( *- pod: istiod-\w+-mesh-)\w+$/gm, "$1POD")
    .replaceAll(/^ *(?:lastDisconnect|lastDisconnectStatus|lastEvent): .*\n/gm, "");
  return parse(text);
}
