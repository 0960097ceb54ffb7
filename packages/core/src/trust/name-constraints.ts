/**
 * Whether a CA may issue for the names in a certificate: the check that keeps a CA whose certificate is limited to one
 * trust domain from minting identities of another.
 *
 * URI, DNS, IP and directory names are compared as RFC 5280 §4.2.1.10 says. A name of any other form that a constraint
 * speaks of is refused rather than passed over; so is a name or a constraint that cannot be read.
 * @see RFC 5280 §4.2.1.10, SPIFFE X509-SVID §4.2
 */
import type { Certificate } from "./certificate.js";
import type { NameConstraints } from "./certificate-extensions.js";
import type { GeneralName } from "./general-name.js";

/** What a name constraint is about. */
export type CertificateNames = Pick<Certificate, "subject" | "subjectAltNames">;

/** What is wrong with the first name that `constraints` do not allow; undefined: all of them are allowed. */
export function findForbiddenName(constraints: NameConstraints, certificate: CertificateNames): string | undefined {
  for (const name of namesOf(certificate)) {
    const permitted = constraints.permitted.filter((base) => isSameForm(base, name));
    const excluded = constraints.excluded.filter((base) => isSameForm(base, name));
    if (excluded.some((base) => overlaps(name, base))) return `${describeName(name)}, which its issuer excludes`;
    if (permitted.length > 0 && !permitted.some((base) => isWithin(name, base))) {
      return `${describeName(name)}, but its issuer may issue only for ${permitted.map(describeBase).join(", ")}`;
    }
  }
  return undefined;
}

/** The alternative names and, where there is one, the subject. */
function namesOf(certificate: CertificateNames): readonly GeneralName[] {
  const subject = certificate.subject.relativeNames;
  if (subject.length === 0) return certificate.subjectAltNames;
  return [{ type: "directory", value: subject }, ...certificate.subjectAltNames];
}

function isSameForm(one: GeneralName, other: GeneralName): boolean {
  return one.type === "other" && other.type === "other" ? one.tag === other.tag : one.type === other.type;
}

/** Whether every identity that `name` stands for is inside of `base`. */
function isWithin(name: GeneralName, base: GeneralName): boolean {
  if (name.type === "uri" && base.type === "uri") return isHostWithin(uriHost(name.value), base.value);
  if (name.type === "dns" && base.type === "dns") return isDnsNameWithin(name.value, base.value);
  if (name.type === "ip" && base.type === "ip") return isAddressWithin(name.value, base.value);
  if (name.type === "directory" && base.type === "directory") return startsWithAll(name.value, base.value);
  return false;
}

/** Whether any identity that `name` stands for may be inside of `base`; true where that cannot be told. */
function overlaps(name: GeneralName, base: GeneralName): boolean {
  if (name.type === "uri" && base.type === "uri") {
    const host = uriHost(name.value);
    return host === undefined || base.value === "" || isHostWithin(host, base.value);
  }
  if (name.type === "dns" && base.type === "dns") {
    if (!DNS_NAME.test(name.value)) return true;
    // "*.example.com" stands for "foo.example.com" too, which a CA that excludes the latter must not certify.
    const parent = name.value.startsWith("*.") ? name.value.slice(1).toLowerCase() : undefined;
    return (
      isDnsNameWithin(name.value, base.value) || (parent !== undefined && base.value.toLowerCase().endsWith(parent))
    );
  }
  if (name.type === "ip" || name.type === "directory") return isWithin(name, base);
  return true;
}

const URI_HOST = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([a-z0-9._-]+)(?::\d*)?(?:[/?#]|$)/i;
const IPV4_ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;

/** Undefined without an authority, or when that is an address: such a URI satisfies no constraint. */
function uriHost(uri: string): string | undefined {
  const host = URI_HOST.exec(uri)?.[1]?.toLowerCase();
  return host === undefined || IPV4_ADDRESS.test(host) ? undefined : host;
}

/** A constraint with a leading dot means the hosts below it, one without means exactly that host. */
function isHostWithin(host: string | undefined, base: string): boolean {
  if (host === undefined || base === "") return false;
  const constraint = base.toLowerCase();
  return constraint.startsWith(".")
    ? host.length > constraint.length && host.endsWith(constraint)
    : host === constraint;
}

const DNS_NAME = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i;

/** A DNS constraint means itself and everything below it; an empty one means every name. */
function isDnsNameWithin(dnsName: string, base: string): boolean {
  if (!DNS_NAME.test(dnsName)) return false;
  const name = dnsName.toLowerCase();
  const constraint = base.toLowerCase();
  if (constraint === "" || name === constraint) return true;
  return name.endsWith(constraint.startsWith(".") ? constraint : `.${constraint}`);
}

/** `base` is an address followed by its mask. */
function isAddressWithin(address: Uint8Array, base: Uint8Array): boolean {
  if (base.length !== address.length * 2) return false;
  return address.every((byte, index) => {
    const mask = base[address.length + index] ?? 0;
    return (byte & mask) === ((base[index] ?? 0) & mask);
  });
}

function startsWithAll(names: readonly Uint8Array[], base: readonly Uint8Array[]): boolean {
  return base.every((expected, index) => {
    const name = names[index];
    return name !== undefined && Buffer.compare(name, expected) === 0;
  });
}

function describeName(name: GeneralName): string {
  switch (name.type) {
    case "uri":
    case "dns":
    case "email":
      return `it holds the ${name.type} name "${name.value}"`;
    case "ip":
      return `it holds the address ${name.value.join(".")}`;
    case "directory":
      return "it has a subject";
    case "other":
      return "it holds a name of a form that is not supported";
  }
}

function describeBase(base: GeneralName): string {
  return base.type === "uri" || base.type === "dns" ? `"${base.value}"` : `certain ${base.type} names`;
}
