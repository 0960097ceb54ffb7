import { FederationError } from "@meshfed/core";

/**
 * The version to watch from; undefined for an absent one and for "0", which mean "from what exists".
 * @throws FederationError INVALID_ARGUMENT when the text is not a version.
 */
export function parseResourceVersion(text: string | undefined): number | undefined {
  if (text === undefined || text === "" || text === "0") return undefined;
  const version = Number(text);
  if (/^[1-9][0-9]*$/.test(text) && Number.isSafeInteger(version)) return version;
  throw new FederationError(
    "INVALID_ARGUMENT",
    `resourceVersion "${text}" is not valid: expected the decimal number of a list or an object of this store`,
  );
}
