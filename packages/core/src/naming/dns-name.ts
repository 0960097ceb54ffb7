/**
 * DNS names as Kubernetes allows them: lower case only.
 * @see RFC 1123 §2.1
 */

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const MAX_LABEL_LENGTH = 63;
const MAX_SUBDOMAIN_LENGTH = 253;

/** True for one DNS label: 1 to 63 lower-case letters, digits and `-`, neither first nor last a `-`. */
export function isDnsLabel(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && LABEL.test(text);
}

/** True for one or more DNS labels joined with `.`, together at most 253 characters, without a final dot. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= MAX_SUBDOMAIN_LENGTH && text.split(".").every(isDnsLabel);
}
