import { objectKey } from "../resources/kubernetes-object.js";
import { compareText } from "./compare-text.js";
import type { Diagnostic } from "./mesh-plan.js";

/** Every problem of a mesh, each under the source that found it, so that a source replaces what it said before. */
export class DiagnosticTable {
  readonly #bySource = new Map<string, readonly Diagnostic[]>();
  #sorted: readonly Diagnostic[] | undefined;

  /** An empty list withdraws what the source said. */
  set(source: string, diagnostics: readonly Diagnostic[]): void {
    if (diagnostics.length > 0) this.#bySource.set(source, diagnostics);
    else if (!this.#bySource.delete(source)) return;
    this.#sorted = undefined;
  }

  /** By object, path, reason and message; made when asked for. */
  get sorted(): readonly Diagnostic[] {
    this.#sorted ??= [...this.#bySource.values()].flat().sort(compareDiagnostics);
    return this.#sorted;
  }
}

function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    compareText(objectKey(a.object), objectKey(b.object)) ||
    compareText(a.path, b.path) ||
    compareText(a.reason, b.reason) ||
    compareText(a.message, b.message)
  );
}
