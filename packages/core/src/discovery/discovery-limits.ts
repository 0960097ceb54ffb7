/** What is accepted from a peer at most. A peer is authenticated, not trusted. @see reference §10.36 */
export interface DiscoveryLimits {
  /** Bytes of a service list's JSON. Defaults to 64 MiB, about 150,000 services. */
  readonly maxListBytes: number;
  /**
   * Objects, lists and commas in a service list's JSON: three bytes of it can stand for a hundred of memory. Defaults to
   * 5,000,000, about 180,000 services of five ports.
   */
  readonly maxListElements: number;
  /** Characters of one watch event's JSON. Defaults to 1 MiB. */
  readonly maxEventLength: number;
  /** Services that one peer may announce. Defaults to 250,000. */
  readonly maxServices: number;
  /** Ports of one service, equal ones counted. Defaults to 256. */
  readonly maxPorts: number;
  /** Accounts of one service, equal ones counted: one per gateway pod. Defaults to 1,024. */
  readonly maxServiceAccounts: number;
}

export const DEFAULT_DISCOVERY_LIMITS: DiscoveryLimits = {
  maxListBytes: 64 * 1024 * 1024,
  maxListElements: 5_000_000,
  maxEventLength: 1024 * 1024,
  maxServices: 250_000,
  maxPorts: 256,
  maxServiceAccounts: 1_024,
};
