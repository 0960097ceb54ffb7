/**
 * TLS server names (SNI) between sidecars and federation gateways: the bare host, or
 * `outbound_.<port>_.<subset>_.<host>`, where an empty subset means none.
 * @see reference §7.4
 */
import { isDnsSubdomain } from "./dns-name.js";

export interface ServerName {
  /** Lower case. */
  readonly host: string;
  /** The service port that the caller dialled, 1 to 65535; absent in the bare form. */
  readonly port?: number;
  readonly subset?: string;
}

const OUTBOUND = /^outbound_\.([1-9]\d{0,4})_\.([a-z0-9-]{0,63})_\.(.+)$/;
const MAX_PORT = 65_535;

/**
 * The parts of a server name, or undefined when it has neither form or its host is not a DNS name. Case is not
 * significant in a server name, so parts come out in lower case.
 * @see RFC 6066 §3
 */
export function parseServerName(serverName: string): ServerName | undefined {
  const text = serverName.toLowerCase();
  if (isDnsSubdomain(text)) return { host: text };
  const [, port, subset, host] = OUTBOUND.exec(text) ?? [];
  if (port === undefined || host === undefined || Number(port) > MAX_PORT || !isDnsSubdomain(host)) return undefined;
  return { host, port: Number(port), ...(subset ? { subset } : {}) };
}

/** The inverse of `parseServerName`. Without a port the bare form, in which a subset cannot be told. */
export function formatServerName({ host, port, subset = "" }: ServerName): string {
  return port === undefined ? host : `outbound_.${port}_.${subset}_.${host}`;
}
