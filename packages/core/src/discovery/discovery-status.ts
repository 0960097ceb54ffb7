/**
 * `status.discoveryStatus` of a ServiceMeshPeer: who watches whom, as each control plane pod sees it.
 * @see reference §1.1, §5.4
 */

/** One watch. Times are RFC 3339 in UTC. */
export interface WatchStatus {
  readonly connected: boolean;
  /** When the latest attempt started, successful or not. */
  readonly lastConnected?: string;
  readonly lastEvent?: string;
  readonly lastFullSync?: string;
  /** When a watch that had been connected last ended. */
  readonly lastDisconnect?: string;
  /** Why the latest attempt or watch ended: `503 Service Unavailable`, or an error's text. Never cleared. */
  readonly lastDisconnectStatus?: string;
}

export interface RemoteStatus extends WatchStatus {
  /** Where the peer's watch comes from. */
  readonly source: string;
}

export interface PodDiscoveryStatus {
  readonly pod: string;
  readonly watch: WatchStatus;
  readonly remotes?: readonly RemoteStatus[];
}

/** A pod is in `active` exactly while its own watch is connected, otherwise in `inactive`. */
export interface DiscoveryStatus {
  readonly active?: readonly PodDiscoveryStatus[];
  readonly inactive?: readonly PodDiscoveryStatus[];
}

export interface DiscoveryStatusInput {
  /** The status as it is stored now, with what other pods wrote. */
  readonly stored?: DiscoveryStatus | undefined;
  /** The pod whose entry is written. */
  readonly pod: string;
  readonly watch: WatchStatus;
  readonly remotes: readonly RemoteStatus[];
  /** Pods that exist; entries of others are dropped. Absent: unknown, nothing is dropped. */
  readonly pods?: ReadonlySet<string> | undefined;
}

/**
 * The status with this pod's entry put in and entries of pods that are gone taken out. Every pod is in one list once,
 * whatever was stored; both lists ascend by pod and are absent when empty.
 * @see reference §10.29
 */
export function buildDiscoveryStatus({ stored, pod, watch, remotes, pods }: DiscoveryStatusInput): DiscoveryStatus {
  const entries = new Map<string, PodDiscoveryStatus>();
  for (const entry of [...(stored?.inactive ?? []), ...(stored?.active ?? [])]) {
    if (pods === undefined || pods.has(entry.pod)) entries.set(entry.pod, entry);
  }
  entries.set(pod, { pod, watch, ...(remotes.length > 0 && { remotes }) });
  const sorted = [...entries.values()].sort((a, b) => (a.pod < b.pod ? -1 : 1));
  const active = sorted.filter((entry) => entry.watch.connected);
  const inactive = sorted.filter((entry) => !entry.watch.connected);
  return { ...(active.length > 0 && { active }), ...(inactive.length > 0 && { inactive }) };
}
