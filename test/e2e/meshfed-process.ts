/** Runs the built `meshfed` command as a process of its own, as an administrator would. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The command, as it is built. */
export const MAIN = fileURLToPath(new URL("../../packages/server/dist/cli/main.js", import.meta.url));
const READY_TIMEOUT_MS = 30_000;

export interface MeshfedProcess {
  readonly dataDirectory: string;
  readonly process: ChildProcess;
  /** Everything that was logged to standard error so far. */
  log(): string;
  /** Ends it with SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
}

/** Starts `meshfed serve`; settles with its `ready` line. */
export async function serve(dataDirectory: string, ...options: readonly string[]): Promise<MeshfedProcess> {
  const child = spawn(process.execPath, [MAIN, "serve", "--data-dir", dataDirectory, "--port", "0", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`meshfed serve ${why}:\n${log}`));
    const timer = setTimeout(() => fail("was not ready in time"), READY_TIMEOUT_MS);
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("ready")) return;
      clearTimeout(timer);
      resolve();
    });
    void exited.then((code) => {
      clearTimeout(timer);
      fail(`ended with code ${code}`);
    });
  }).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    dataDirectory,
    process: child,
    log: () => log,
    stop() {
      child.kill("SIGTERM");
      return exited;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Runs another `meshfed` command against the server of `dataDirectory`; its standard output. */
export async function meshfed(dataDirectory: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args, "--data-dir", dataDirectory]);
  return stdout;
}
