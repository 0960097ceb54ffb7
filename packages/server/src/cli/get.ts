import type { KnownObject, ResourceTypeOf } from "@meshfed/core";
import { type Command, Option } from "commander";
import { stringify } from "yaml";
import type { CommandContext } from "./command-context.js";
import { CommandFailure, usageFailure } from "./command-failure.js";
import { addConnectionOptions, type Connection, type ConnectionOptions, connect } from "./connection.js";
import { ExitCode } from "./exit-codes.js";
import { formatTable } from "./format-table.js";
import { parseResourceArgument, qualifiedName } from "./resource-argument.js";

interface GetOptions extends ConnectionOptions {
  readonly namespace?: string;
  readonly allNamespaces: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly output: "table" | "wide" | "json" | "yaml" | "name";
}

export function registerGet(program: Command, context: CommandContext): void {
  const command = program
    .command("get")
    .description("show objects")
    .argument("<kind>", "kind, singular, plural or short name, or KIND/NAME")
    .argument("[name]", "one object; without it, all of the kind")
    .option("-n, --namespace <namespace>", "namespace (default: the kubeconfig's, then default)")
    .option("-A, --all-namespaces", "objects of all namespaces", false)
    .option("-l, --selector <selector>", "label selector, for example tier=gold,env in (a,b)")
    .option("--field-selector <selector>", "field selector, for example metadata.name=green-mesh")
    .addOption(
      new Option("-o, --output <format>", "output format")
        .choices(["table", "wide", "json", "yaml", "name"])
        .default("table"),
    );
  addConnectionOptions(command).action(async (kind: string, name: string | undefined, options: GetOptions) => {
    const request = planGet(kind, name, options);
    const connection = connect(options, context.env);
    try {
      await get(connection, request, context);
    } finally {
      await connection.close();
    }
  });
}

interface GetRequest {
  readonly type: ResourceTypeOf<KnownObject>;
  readonly name?: string;
  readonly options: GetOptions;
}

function planGet(kind: string, name: string | undefined, options: GetOptions): GetRequest {
  const request = { ...parseResourceArgument(kind, name), options };
  if (options.allNamespaces && options.namespace !== undefined) {
    throw usageFailure("-A shows all namespaces, -n one; give one of them");
  }
  if (request.name === undefined) return request;
  if (options.allNamespaces && request.type.namespaced) {
    throw usageFailure(`a ${request.type.kind} is in one namespace; name it with -n instead of -A`);
  }
  if (options.selector !== undefined || options.fieldSelector !== undefined) {
    throw usageFailure("a selector chooses among all objects; it cannot be given with a name");
  }
  return request;
}

async function get(connection: Connection, request: GetRequest, context: CommandContext): Promise<void> {
  const { type, name, options } = request;
  const { output } = options;
  const scoped = type.namespaced && !options.allNamespaces;
  const namespace = scoped ? (options.namespace ?? connection.defaultNamespace) : undefined;
  const where = namespace === undefined ? "" : ` in namespace "${namespace}"`;
  const selection = { namespace, labelSelector: options.selector, fieldSelector: options.fieldSelector };
  if (output === "table" || output === "wide") {
    const table = await connection.client.table(type, { ...selection, name });
    const showNamespace = type.namespaced && options.allNamespaces;
    if (table.rows.length === 0) context.note(`no ${type.plural} found${where}`);
    else context.print(formatTable(table, { wide: output === "wide", showNamespace }));
    return;
  }
  if (name === undefined) {
    const { items, resourceVersion } = await connection.client.list(type, selection);
    if (output === "name") for (const item of items) context.print(qualifiedName(type, item.metadata.name));
    else context.print(formatValue(output, { apiVersion: "v1", kind: "List", metadata: { resourceVersion }, items }));
    return;
  }
  const object = await connection.client.get(type, { namespace, name });
  if (object === undefined) {
    throw new CommandFailure(ExitCode.NOT_FOUND, [`${qualifiedName(type, name)} not found${where}`]);
  }
  context.print(output === "name" ? qualifiedName(type, name) : formatValue(output, object));
}

function formatValue(output: "json" | "yaml", value: unknown): string {
  return output === "json" ? JSON.stringify(value, null, 2) : stringify(value, { lineWidth: 0 }).trimEnd();
}
