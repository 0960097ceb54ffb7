import { findResourceTypeByName, type KnownObject, RESOURCE_TYPES, type ResourceTypeOf } from "@meshfed/core";
import { usageFailure } from "./command-failure.js";

/** A kind and perhaps an object, as people name them. */
export interface ResourceArgument {
  readonly type: ResourceTypeOf<KnownObject>;
  readonly name?: string;
}

/** `smcp`, `servicemeshpeers.federation.maistra.io`, or `servicemeshpeer/green-mesh`. @throws CommandFailure */
export function parseResourceArgument(text: string, name: string | undefined): ResourceArgument {
  const [kind = "", inline, ...rest] = text.split("/");
  if (rest.length > 0 || inline === "") throw usageFailure(`"${text}" is neither KIND nor KIND/NAME`);
  if (inline !== undefined && name !== undefined)
    throw usageFailure(`"${text}" names an object already; "${name}" is one too many`);
  const type = findResourceTypeByName(kind);
  if (type === undefined) {
    const known = RESOURCE_TYPES.map((served) => served.plural).join(", ");
    throw usageFailure(`"${kind}" is not a kind; known are ${known}`);
  }
  const given = inline ?? name;
  return given === undefined ? { type } : { type, name: given };
}

/** `servicemeshpeer.federation.maistra.io/green-mesh`, as kubectl prints objects. */
export function qualifiedName(type: ResourceTypeOf<KnownObject>, name: string): string {
  return type.group === "" ? `${type.singular}/${name}` : `${type.singular}.${type.group}/${name}`;
}
