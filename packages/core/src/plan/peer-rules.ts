/** The rules of a peer's two sets, compiled; kept as long as the sets say the same. */
import type { ExportedServiceSet } from "../resources/exported-service-set.js";
import { checkLocality, type ImportedServiceSet, importLocalityOf } from "../resources/imported-service-set.js";
import { compileExportRules, type ExportRules } from "../rules/export-rules.js";
import { compileImportRules, type ImportRules } from "../rules/import-rules.js";
import type { Locality } from "./gateway-resource.js";
import type { Diagnostic } from "./mesh-plan.js";
import { localityDiagnostics, ruleDiagnostics } from "./set-findings.js";
import { isStructurallyEqual } from "./structural-equality.js";

export interface CompiledExports {
  readonly spec: ExportedServiceSet["spec"];
  readonly rules: ExportRules;
  readonly diagnostics: readonly Diagnostic[];
}

/** The same object as `before` when nothing that matters has changed. */
export function compileExports(set: ExportedServiceSet, before: CompiledExports | undefined): CompiledExports {
  if (before !== undefined && isStructurallyEqual(before.spec, set.spec)) return before;
  const { name, namespace } = set.metadata;
  const rules = compileExportRules(set.spec.exportRules, { controlPlaneNamespace: namespace });
  const diagnostics = ruleDiagnostics({ kind: "ExportedServiceSet", namespace, name }, rules);
  return { spec: set.spec, rules, diagnostics };
}

export interface CompiledImports {
  readonly spec: ImportedServiceSet["spec"];
  readonly clusterDomain: string;
  readonly rules: ImportRules;
  readonly locality: Locality | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** The same object as `before` when nothing that matters has changed. */
export function compileImports(
  set: ImportedServiceSet,
  clusterDomain: string,
  before: CompiledImports | undefined,
): CompiledImports {
  if (before?.clusterDomain === clusterDomain && isStructurallyEqual(before.spec, set.spec)) return before;
  const { name, namespace } = set.metadata;
  const { importRules, domainSuffix, locality } = set.spec;
  const rules = compileImportRules(importRules, { peer: name, clusterDomain, domainSuffix });
  const reference = { kind: "ImportedServiceSet", namespace, name } as const;
  const diagnostics = [
    ...ruleDiagnostics(reference, rules),
    ...localityDiagnostics(reference, checkLocality(locality)),
  ];
  return { spec: set.spec, clusterDomain, rules, locality: importLocalityOf(set), diagnostics };
}
