import { type ObjectKey, type ObjectReference, objectKey } from "../resources/kubernetes-object.js";
import { compareText } from "./compare-text.js";
import type { Diagnostic } from "./mesh-plan.js";
import { isStructurallyEqual } from "./structural-equality.js";

/**
 * One cause may have any number of like problems (a rule that gives all services one name, a peer that announces
 * nonsense); more than these are left out.
 */
export const MOST_DIAGNOSTICS = 20;

/** Every problem of a mesh, each under the source that found it, so that a source replaces what it said before. */
export class DiagnosticTable {
  readonly #bySource = new Map<string, readonly Diagnostic[]>();
  #sorted: readonly Diagnostic[] | undefined;
  #byObject: ReadonlyMap<ObjectKey, readonly Diagnostic[]> | undefined;
  #touched = new Map<ObjectKey, ObjectReference>();

  /** An empty list withdraws what the source said. */
  set(source: string, diagnostics: readonly Diagnostic[]): void {
    const before = this.#bySource.get(source) ?? [];
    if (isStructurallyEqual(before, diagnostics)) return;
    if (diagnostics.length > 0) this.#bySource.set(source, diagnostics);
    else this.#bySource.delete(source);
    for (const { object } of [...before, ...diagnostics]) this.#touched.set(objectKey(object), object);
    this.#sorted = undefined;
    this.#byObject = undefined;
  }

  /** By object, path, reason and message. */
  get sorted(): readonly Diagnostic[] {
    this.#sorted ??= [...this.#bySource.values()].flat().sort(compareDiagnostics);
    return this.#sorted;
  }

  /** In the order of `sorted`. */
  of(object: ObjectReference): readonly Diagnostic[] {
    this.#byObject ??= groupByObject(this.sorted);
    return this.#byObject.get(objectKey(object)) ?? [];
  }

  /** Objects of which something else is said than at the last call. */
  takeTouched(): Iterable<ObjectReference> {
    const touched = this.#touched;
    this.#touched = new Map();
    return touched.values();
  }
}

function groupByObject(diagnostics: readonly Diagnostic[]): ReadonlyMap<ObjectKey, readonly Diagnostic[]> {
  const groups = new Map<ObjectKey, Diagnostic[]>();
  for (const diagnostic of diagnostics) {
    const key = objectKey(diagnostic.object);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [diagnostic]);
    else group.push(diagnostic);
  }
  return groups;
}

function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    compareText(objectKey(a.object), objectKey(b.object)) ||
    compareText(a.path, b.path) ||
    compareText(a.reason, b.reason) ||
    compareText(a.message, b.message)
  );
}
