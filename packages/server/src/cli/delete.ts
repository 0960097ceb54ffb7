import { ApiError } from "@meshfed/client";
import type { KnownObject, ResourceTypeOf } from "@meshfed/core";
import type { Command } from "commander";
import type { CommandContext } from "./command-context.js";
import { type CommandFailure, throwFirst, toCommandFailure, usageFailure } from "./command-failure.js";
import { addConnectionOptions, type Connection, type ConnectionOptions, connect } from "./connection.js";
import { ExitCode } from "./exit-codes.js";
import { addManifestOptions, type ManifestOptions, readManifests } from "./manifest-option.js";
import { parseResourceArgument, qualifiedName } from "./resource-argument.js";

interface DeleteOptions extends ConnectionOptions, ManifestOptions {
  readonly ignoreNotFound: boolean;
}

interface DeletedObject {
  readonly type: ResourceTypeOf<KnownObject>;
  readonly namespace?: string | undefined;
  readonly name: string;
}

export function registerDelete(program: Command, context: CommandContext): void {
  const command = program
    .command("delete")
    .description("delete objects by name, or those in manifests")
    .argument("[kind]", "kind, singular, plural or short name, or KIND/NAME")
    .argument("[names...]", "names of objects of the kind");
  addConnectionOptions(addManifestOptions(command))
    .option("--ignore-not-found", "an object that is not there counts as deleted", false)
    .action(async (kind: string | undefined, names: readonly string[], options: DeleteOptions) => {
      const named = parseNames(kind, names, options);
      const connection = connect(options, context.env);
      try {
        const objects = await chooseObjects(named, options, connection, context);
        await deleteAll(connection, objects, options, context);
      } finally {
        await connection.close();
      }
    });
}

function parseNames(kind: string | undefined, names: readonly string[], { filename }: DeleteOptions) {
  if (filename !== undefined) {
    if (kind !== undefined) throw usageFailure("-f names the objects already; give either -f or KIND NAME");
    return [];
  }
  if (kind === undefined)
    throw usageFailure("what is to be deleted? give KIND NAME, KIND/NAME or -f FILE_OR_DIRECTORY");
  const [first, ...others] = names;
  const { type, name } = parseResourceArgument(kind, first);
  if (name === undefined) throw usageFailure(`no name is given; expected: meshfed delete ${kind} NAME`);
  return [name, ...others].map((one) => ({ type, name: one }));
}

/** What manifests hold is deleted in the reverse of the order in which it is applied. */
async function chooseObjects(
  named: readonly { readonly type: ResourceTypeOf<KnownObject>; readonly name: string }[],
  options: DeleteOptions,
  { defaultNamespace }: Connection,
  context: CommandContext,
): Promise<readonly DeletedObject[]> {
  if (options.filename === undefined) {
    const namespace = options.namespace ?? defaultNamespace;
    return named.map(({ type, name }) => (type.namespaced ? { type, name, namespace } : { type, name }));
  }
  const manifests = await readManifests(options, defaultNamespace, context);
  return manifests.toReversed().map(({ type, object }) => ({ type, ...pickName(object) }));
}

function pickName({ metadata }: KnownObject) {
  return { name: metadata.name, namespace: metadata.namespace };
}

async function deleteAll(
  { client }: Connection,
  objects: readonly DeletedObject[],
  { ignoreNotFound }: DeleteOptions,
  context: CommandContext,
): Promise<void> {
  const failures: CommandFailure[] = [];
  for (const { type, name, namespace } of objects) {
    try {
      const remaining = await client.delete(type, { name, namespace });
      const state = remaining === undefined ? "deleted" : "is being deleted: finalizers or contents still hold it";
      context.print(`${qualifiedName(type, name)} ${state}`);
    } catch (error) {
      if (ignoreNotFound && ApiError.is(error) && error.reason === "NotFound" && error.objectName === name) continue;
      const failure = toCommandFailure(error);
      failures.push(failure);
      if (failure.exitCode === ExitCode.UNREACHABLE || failure.exitCode === ExitCode.DENIED) break;
    }
  }
  throwFirst(failures);
}
