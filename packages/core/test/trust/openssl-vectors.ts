import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Chains made by OpenSSL, with its verdict on each. @see scripts/make-trust-fixtures.sh */
export interface OpensslVector {
  readonly name: string;
  /** PEM: leaf, then whatever is presented with it. */
  readonly chain: string;
  readonly roots: string;
  /** `OK`, or the number and text of OpenSSL's error. */
  readonly verdict: string;
}

/** The instant of all verdicts. */
export const VECTOR_TIME = Date.UTC(2026, 5, 1);

const directory = fileURLToPath(new URL("../../../../test/fixtures/trust/", import.meta.url));

export const opensslVectors: ReadonlyMap<string, OpensslVector> = new Map(
  readFileSync(`${directory}openssl-verdicts.tsv`, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"))
    .map(([name = "", verdict = ""]) => [
      name,
      { name, verdict, chain: read(name, "chain"), roots: read(name, "roots") },
    ]),
);

export function opensslVector(name: string): OpensslVector {
  const vector = opensslVectors.get(name);
  if (vector === undefined) throw new Error(`no vector "${name}"`);
  return vector;
}

function read(name: string, part: "chain" | "roots"): string {
  return readFileSync(`${directory}${name}.${part}.pem`, "utf8");
}
