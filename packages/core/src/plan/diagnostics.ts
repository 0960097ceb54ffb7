import { type ObjectKey, type ObjectReference, objectKey } from "../resources/kubernetes-object.js";
import { compareText } from "./compare-text.js";
import type { Diagnostic, DiagnosticsChange } from "./mesh-plan.js";
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
  /** What a changed source said when the current period began. */
  readonly #before = new Map<string, readonly Diagnostic[]>();

  /** An empty list withdraws what the source said. */
  set(source: string, diagnostics: readonly Diagnostic[]): void {
    const before = this.#bySource.get(source) ?? [];
    if (isStructurallyEqual(before, diagnostics)) return;
    if (diagnostics.length > 0) this.#bySource.set(source, diagnostics);
    else this.#bySource.delete(source);
    if (!this.#before.has(source)) this.#before.set(source, before);
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

  /** The net change since the last call (at first: from nothing), and begins anew. */
  takeChange(): DiagnosticsChange {
    const before = [...this.#before.values()].flat();
    const now = [...this.#before.keys()].flatMap((source) => this.#bySource.get(source) ?? []);
    this.#before.clear();
    return { appeared: without(now, before), resolved: without(before, now) };
  }
}

/** What is in `diagnostics` more often than in `others`, sorted. */
function without(diagnostics: readonly Diagnostic[], others: readonly Diagnostic[]): readonly Diagnostic[] {
  const counts = new Map<string, number>();
  for (const other of others) counts.set(identify(other), (counts.get(identify(other)) ?? 0) + 1);
  const isLeft = (diagnostic: Diagnostic) => {
    const count = counts.get(identify(diagnostic)) ?? 0;
    counts.set(identify(diagnostic), count - 1);
    return count <= 0;
  };
  return diagnostics.filter(isLeft).sort(compareDiagnostics);
}

/** Equal for equal diagnostics, and only for those. */
function identify({ object, ...rest }: Diagnostic): string {
  return JSON.stringify([objectKey(object), rest.path, rest.reason, rest.message, rest.severity, rest.remedy]);
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
