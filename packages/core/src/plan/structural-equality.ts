/**
 * Equality of plain data (what JSON can carry, plus bigint), the planner's measure of "this changed".
 *
 * A property that is `undefined` is the same as none, as it is in JSON. Order matters in lists, not among properties.
 * Identical values are recognised at once, so that comparing an object with itself costs nothing.
 */
export function isStructurallyEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && areListsEqual(a, b);
  return areRecordsEqual(a, b);
}

function areListsEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((element, index) => isStructurallyEqual(element, b[index]));
}

function areRecordsEqual(a: object, b: object): boolean {
  for (const key of Object.keys(a)) {
    if (!isStructurallyEqual(ownValue(a, key), ownValue(b, key))) return false;
  }
  // What only `b` has must be unset.
  return Object.keys(b).every((key) => Object.hasOwn(a, key) || ownValue(b, key) === undefined);
}

function ownValue(record: object, key: string): unknown {
  return Object.hasOwn(record, key) ? Reflect.get(record, key) : undefined;
}
