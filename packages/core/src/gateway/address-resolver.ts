/**
 * Host names to IP addresses, remembered. A name that was resolved once keeps its last addresses while they are refreshed
 * in the background, so neither a slow nor a failing name server holds up a connection to a known peer.
 */
import { isIP } from "node:net";
import type { Clock } from "../clock.js";

/** All addresses of `host`; rejects when there are none. Must honour `signal`. */
export type ResolveHost = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

export interface AddressResolverOptions {
  readonly clock: Clock;
  readonly resolveHost: ResolveHost;
  /** How long an answer is used before it is asked for again. */
  readonly ttlMs: number;
  /** For one question to `resolveHost`. */
  readonly timeoutMs: number;
}

export interface AddressResolver {
  /** IP addresses of `host`, at least one; an IP address is itself. Rejects with what `resolveHost` rejected with. */
  resolve(host: string, signal: AbortSignal): Promise<readonly string[]>;
}

interface Entry {
  readonly addresses: readonly string[];
  readonly expires: number;
}

/** Names come from configuration; the limit only catches names that were configured once and are not any more. */
const MAX_ENTRIES = 4_096;

export function createAddressResolver(options: AddressResolverOptions): AddressResolver {
  const { clock, ttlMs } = options;
  const entries = new Map<string, Entry>();
  const pending = new Map<string, Promise<readonly string[]>>();

  const refresh = (host: string): Promise<readonly string[]> => {
    const running = pending.get(host);
    if (running !== undefined) return running;
    const question = ask(host, options)
      .then((addresses) => {
        entries.delete(host);
        entries.set(host, { addresses, expires: clock.now() + ttlMs });
        const [oldest] = entries.keys();
        if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
        return addresses;
      })
      .finally(() => pending.delete(host));
    pending.set(host, question);
    return question;
  };

  return {
    async resolve(host, signal) {
      if (isIP(host) !== 0) return [host];
      const known = entries.get(host);
      if (known === undefined) return await unlessAborted(refresh(host), signal);
      // The failure of a refresh in the background is seen by whoever asks for a name that has no last good answer.
      if (known.expires <= clock.now()) refresh(host).catch(() => undefined);
      return known.addresses;
    },
  };
}

async function ask(
  host: string,
  { clock, resolveHost, timeoutMs }: AddressResolverOptions,
): Promise<readonly string[]> {
  const timeout = new AbortController();
  const timer = clock.setTimeout(
    () => timeout.abort(new Error(`no answer for "${host}" after ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    const answers = await unlessAborted(resolveHost(host, timeout.signal), timeout.signal);
    const addresses = [...new Set(answers.filter((address) => isIP(address) !== 0))];
    if (addresses.length === 0) throw new Error(`"${host}" has no addresses`);
    return addresses;
  } finally {
    clock.clearTimeout(timer);
  }
}

/** `promise`, or a rejection with the signal's reason when that comes first. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
  }
}
