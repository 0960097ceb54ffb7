/**
 * One rule of an ImportedServiceSet.
 * @see reference §1.3, §3.3
 */
import { isDnsSubdomain } from "../naming/dns-name.js";
import { defaultImportDomainSuffix, localDomainSuffix } from "../naming/host-names.js";
import type { ImportRule } from "../resources/imported-service-set.js";
import type { FieldViolation } from "../result.js";
import { aliasViolations, compileNameParts, namePatternViolations, type Rename } from "./name-pattern.js";
import type { CompiledRule } from "./rule-set.js";

/** Where imported services are named, apart from the rule itself. */
export interface ImportRuleOptions {
  /** Name of the ServiceMeshPeer, which is the set's own. */
  readonly peer: string;
  readonly clusterDomain: string;
  /** `spec.domainSuffix` of the set; empty or absent: `svc.<peer>-imports.local`. */
  readonly domainSuffix?: string | undefined;
}

export interface CompiledImportRule extends CompiledRule {
  readonly rename: Rename;
  readonly importAsLocal: boolean;
  /** What follows name and namespace in the local host. */
  readonly domainSuffix: string;
}

export function compileImportRule(rule: ImportRule, index: number, options: ImportRuleOptions): CompiledImportRule {
  const path = `spec.importRules[${index}]`;
  const selector = rule.nameSelector;
  const violations = [
    ...typeViolations(rule, path),
    ...namePatternViolations(selector ?? {}, `${path}.nameSelector`),
    ...aliasViolations(selector?.alias ?? {}, `${path}.nameSelector.alias`),
    ...(rule.importAsLocal ? missingNamespaceViolations(rule, path) : suffixViolations(rule, path, options)),
  ];
  return {
    index,
    violations,
    pattern: selector && compileNameParts(selector),
    requirements: [],
    rename: compileNameParts(selector?.alias),
    importAsLocal: rule.importAsLocal === true,
    domainSuffix: effectiveSuffix(rule, options),
  };
}

/** The local cluster's with importAsLocal; else the rule's, the set's, or the peer's default. */
function effectiveSuffix(rule: ImportRule, { peer, clusterDomain, domainSuffix }: ImportRuleOptions): string {
  if (rule.importAsLocal) return localDomainSuffix(clusterDomain);
  return rule.domainSuffix || domainSuffix || defaultImportDomainSuffix(peer);
}

function typeViolations(rule: ImportRule, path: string): readonly FieldViolation[] {
  if (rule.type !== "NameSelector") {
    const message = `found "${rule.type}", expected NameSelector: services are imported by name only`;
    return [{ path: `${path}.type`, reason: "Unsupported", message }];
  }
  if (rule.nameSelector !== undefined) return [];
  const message = "missing, expected the selector that type names";
  return [{ path: `${path}.nameSelector`, reason: "Required", message }];
}

/** Without a namespace of this mesh's choice, the peer would choose which local services its endpoints join. */
function missingNamespaceViolations(rule: ImportRule, path: string): readonly FieldViolation[] {
  if (compileNameParts(rule.nameSelector?.alias).namespace !== undefined) return [];
  const message = "missing, expected the local namespace to import into: importAsLocal needs one";
  return [{ path: `${path}.nameSelector.alias.namespace`, reason: "Required", message }];
}

/** The reference rejects only `svc.<cluster domain>` itself. @see reference 10.41 */
function suffixViolations(rule: ImportRule, rulePath: string, options: ImportRuleOptions): readonly FieldViolation[] {
  const path = rule.domainSuffix ? `${rulePath}.domainSuffix` : "spec.domainSuffix";
  const suffix = rule.domainSuffix || options.domainSuffix;
  if (!suffix) return [];
  if (!isDnsSubdomain(suffix)) {
    return [
      {
        path,
        reason: "Invalid",
        message: `found "${suffix}", expected a DNS name in lower case such as imported.local`,
      },
    ];
  }
  if (!`.${suffix}`.endsWith(`.${options.clusterDomain}`)) return [];
  const domain = `the cluster's own domain "${options.clusterDomain}"`;
  const message = `found "${suffix}", expected a suffix outside ${domain}; to import into it, set importAsLocal`;
  return [{ path, reason: "Forbidden", message }];
}
