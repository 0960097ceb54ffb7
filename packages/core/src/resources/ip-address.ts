import { z } from "zod";

export function isIpv4Address(text: string): boolean {
  return z.regexes.ipv4.test(text);
}

/** Without brackets and zone. */
export function isIpv6Address(text: string): boolean {
  return z.regexes.ipv6.test(text);
}

export function isIpAddress(text: string): boolean {
  return isIpv4Address(text) || isIpv6Address(text);
}
