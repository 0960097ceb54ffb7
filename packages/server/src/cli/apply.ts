import type { KubernetesObject } from "@meshfed/core";
import type { Command } from "commander";
import type { ValidManifest } from "../manifests/validate-manifests.js";
import type { CommandContext } from "./command-context.js";
import { CommandFailure, throwFirst, toCommandFailure, usageFailure } from "./command-failure.js";
import { addConnectionOptions, type Connection, type ConnectionOptions, connect } from "./connection.js";
import { ExitCode } from "./exit-codes.js";
import { addManifestOptions, type ManifestOptions, readManifests } from "./manifest-option.js";
import { qualifiedName } from "./resource-argument.js";

interface ApplyOptions extends ConnectionOptions, ManifestOptions {
  readonly dryRun: boolean;
}

export function registerApply(program: Command, context: CommandContext): void {
  const command = program
    .command("apply")
    .description("create or update objects from manifests; nothing is sent unless all are valid");
  addConnectionOptions(addManifestOptions(command))
    .option("--dry-run", "let the server check everything and change nothing", false)
    .action(async (options: ApplyOptions) => {
      if (options.filename === undefined) throw usageFailure("no manifests are given; use -f FILE_OR_DIRECTORY");
      const connection = connect(options, context.env);
      try {
        const manifests = await readManifests(options, connection.defaultNamespace, context);
        await applyAll(connection, manifests, { dryRun: options.dryRun, report: context.print });
      } finally {
        await connection.close();
      }
    });
}

export interface ApplyAllOptions {
  readonly dryRun: boolean;
  /** Takes a line for each object that was applied. */
  readonly report: (line: string) => void;
}

/**
 * Applies the objects in their order; returns them as the server has them then. One object that is refused does not keep
 * the others back, a server that is gone does.
 *
 * @throws CommandFailure that names file and document of every object that failed
 */
export async function applyAll(
  { client }: Connection,
  manifests: readonly ValidManifest[],
  { dryRun, report }: ApplyAllOptions,
): Promise<readonly KubernetesObject[]> {
  const applied: KubernetesObject[] = [];
  const failures: CommandFailure[] = [];
  for (const { type, object, source } of manifests) {
    try {
      const result = await client.apply(type, object, { dryRun });
      applied.push(result.object);
      report(`${qualifiedName(type, object.metadata.name)} ${result.outcome}${dryRun ? " (dry run)" : ""}`);
    } catch (error) {
      const { exitCode, lines } = toCommandFailure(error);
      const where = `${source.file} (document ${source.document})`;
      failures.push(
        new CommandFailure(
          exitCode,
          lines.map((line) => `${where}: ${line}`),
        ),
      );
      if (exitCode === ExitCode.UNREACHABLE || exitCode === ExitCode.DENIED) break;
    }
  }
  throwFirst(failures);
  return applied;
}
