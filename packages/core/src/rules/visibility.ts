/**
 * Whether a service is visible to a mesh's control plane, which is what it takes to be exported. The one predicate for
 * full passes, added and changed services alike (reference 10.33): a service that becomes private is withdrawn.
 *
 * The mesh-wide default of `exportTo` is not consulted, as in the reference.
 * @see reference §3.2 row 7
 */

export interface ServiceVisibility {
  /** Entries of the annotation `networking.istio.io/exportTo`; undefined when the Service does not have it. */
  readonly exportTo: readonly string[] | undefined;
  readonly namespace: string;
}

/**
 * True without the annotation, with `*`, with the control plane's namespace by name, and with `.` for the services of that
 * namespace; `~` and other namespaces add nothing.
 */
export function isVisibleTo(controlPlaneNamespace: string, { exportTo, namespace }: ServiceVisibility): boolean {
  if (exportTo === undefined) return true;
  return exportTo.some(
    (entry) =>
      entry === "*" || entry === controlPlaneNamespace || (entry === "." && namespace === controlPlaneNamespace),
  );
}
