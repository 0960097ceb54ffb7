import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../src/cli/program.js";
import { temporaryDirectory } from "../api/api-rig.js";

/** As it is published: `npm test` builds before it runs tests. */
const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandInput {
  readonly env?: Readonly<Record<string, string>>;
  /** Given on standard input. */
  readonly input?: string;
  /** Close standard output after so many characters. */
  readonly readOnly?: number;
}

/** Runs `meshfed` as a process of its own. */
export function meshfed(
  args: readonly string[],
  { env = {}, input = "", readOnly }: CommandInput = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { env });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += String(chunk);
      if (readOnly !== undefined && stdout.length >= readOnly) child.stdout.destroy();
    });
    child.stderr.on("data", (chunk) => {
      stderr += String(chunk);
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(input);
  });
}

/** The same within this process: all of the command but its `main.ts`. */
export async function meshfedHere(
  args: readonly string[],
  { env = {}, input = "" }: CommandInput = {},
): Promise<CommandResult> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await runProgram(args, {
    env,
    print: (line) => stdout.push(`${line}\n`),
    note: (line) => stderr.push(`${line}\n`),
    readInput: async () => input,
  });
  return { code, stdout: stdout.join(""), stderr: stderr.join("") };
}

/** Writes files into a directory that is gone after the test. */
export function writeFiles(contents: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory();
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}
