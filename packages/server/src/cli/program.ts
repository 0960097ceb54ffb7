import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { registerApply } from "./apply.js";
import type { CommandContext } from "./command-context.js";
import { toCommandFailure } from "./command-failure.js";
import { registerDelete } from "./delete.js";
import { ExitCode } from "./exit-codes.js";
import { registerGet } from "./get.js";
import { registerServe } from "./serve.js";

/** Runs the command with its arguments (without program and script); returns the exit code. Never rejects. */
export async function runProgram(args: readonly string[], context: CommandContext): Promise<number> {
  const program = createProgram(context);
  try {
    await program.parseAsync(args, { from: "user" });
    return ExitCode.OK;
  } catch (error) {
    // Commander has said what is wrong, or has shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.INVALID;
    const { lines, exitCode } = toCommandFailure(error);
    for (const line of lines) context.note(`error: ${line}`);
    return exitCode;
  }
}

function createProgram(context: CommandContext): Command {
  const program = new Command("meshfed")
    .description("Federation of separately administered service meshes")
    .version(readVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.print(text.trimEnd()),
      writeErr: (text) => context.note(text.trimEnd()),
    })
    .showHelpAfterError("run with --help for usage");
  registerServe(program, context);
  registerGet(program, context);
  registerApply(program, context);
  registerDelete(program, context);
  return program;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}
