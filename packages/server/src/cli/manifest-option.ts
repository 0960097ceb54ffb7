import type { Command } from "commander";
import { type LoadedManifests, loadManifests, parseManifests } from "../manifests/load-manifests.js";
import { formatManifestProblem, type ValidManifest, validateManifests } from "../manifests/validate-manifests.js";
import type { CommandContext } from "./command-context.js";
import { CommandFailure, usageFailure } from "./command-failure.js";
import { ExitCode } from "./exit-codes.js";

export interface ManifestOptions {
  readonly filename?: readonly string[];
  readonly recursive: boolean;
  readonly namespace?: string;
}

export function addManifestOptions(command: Command): Command {
  return command
    .option("-f, --filename <path...>", 'files or directories with manifests in YAML or JSON; "-" is standard input')
    .option("-R, --recursive", "also the directories in a directory", false)
    .option(
      "-n, --namespace <namespace>",
      "namespace of objects that name none (default: the kubeconfig's, then default)",
    );
}

/** All manifests, in the order in which they are to be sent. @throws CommandFailure that lists every problem */
export async function readManifests(
  { filename = [], recursive, namespace }: ManifestOptions,
  defaultNamespace: string,
  context: CommandContext,
): Promise<readonly ValidManifest[]> {
  const loaded: LoadedManifests[] = [];
  for (const path of filename) {
    if (path === "-") loaded.push(parseManifests(await context.readInput(), "standard input"));
    else loaded.push(await loadManifests([path], { recursive }));
  }
  const validated = validateManifests(
    loaded.flatMap(({ objects }) => objects),
    { defaultNamespace: namespace ?? defaultNamespace, isRequired: namespace !== undefined },
  );
  const problems = [...loaded.flatMap((part) => part.problems), ...validated.problems];
  if (problems.length > 0) throw new CommandFailure(ExitCode.INVALID, problems.map(formatManifestProblem));
  if (validated.objects.length === 0) throw usageFailure(`${filename.join(", ")}: there are no objects in it`);
  return validated.objects;
}
