/**
 * Keeps the certificates of a mesh's gateways fresh.
 *
 * Each identity is renewed at half of its certificate's lifetime, a little earlier by chance so that the gateways of a
 * mesh do not renew together. A renewal that fails keeps the certificate that is in force and is tried again with
 * exponential backoff; half of a lifetime remains for it. Each renewal makes a new key, off the main thread.
 *
 * The plan is looked at again at least once a minute, so that a stepped clock or a suspended host is noticed: timers count
 * elapsed time, certificates end at a time of day.
 * @see Istio security/pkg/nodeagent/cache (grace period ratio and jitter)
 */
import type { Clock, TimerHandle } from "../clock.js";
import { FederationError } from "../errors.js";
import type { SpiffeId } from "../naming/spiffe-id.js";
import type { CertificateAuthority, IssuedCertificate } from "./certificate-authority.js";
import type { KeyType } from "./key-algorithm.js";
import { generatePrivateKey, generatePrivateKeySync, type PrivateKey } from "./private-key.js";

export type CertificateListener = (certificate: IssuedCertificate) => void;

export type RotationFailure =
  /** The certificate in force is kept; the next attempt comes after `retryAfterMs`. */
  | {
      readonly kind: "IssueFailed";
      readonly id: SpiffeId;
      readonly error: unknown;
      /** From 1, starting over after a success. */
      readonly attempt: number;
      readonly retryAfterMs: number;
      /** When the certificate in force ends, epoch milliseconds; absent: there is none yet. */
      readonly notAfter?: number;
    }
  /** A subscriber threw; the certificate is in force all the same. */
  | { readonly kind: "ListenerFailed"; readonly id: SpiffeId; readonly error: unknown };

export interface CertificateRotationOptions {
  readonly authority: CertificateAuthority;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Default: the authority's, 24 hours. */
  readonly validityMs?: number;
  /** Default ECDSA-P256. */
  readonly keyType?: KeyType;
  /** Part of the lifetime after which a certificate is renewed, above 0 and below 1; default 0.5. */
  readonly renewalRatio?: number;
  /** Must not throw. */
  readonly onFailure: (failure: RotationFailure) => void;
}

export interface CertificateRotation {
  /**
   * The certificate in force. The first call for an identity issues one, before it returns, and starts keeping it fresh.
   * Undefined while none could be issued; that is reported and tried again. Throws FAILED_PRECONDITION after `close`.
   */
  get(id: SpiffeId): IssuedCertificate | undefined;
  /** Calls `listener` with each later certificate of `id`, which is kept fresh as by `get`. Returns how to end that. */
  subscribe(id: SpiffeId, listener: CertificateListener): () => void;
  /** Renews every certificate with `authority`, at once. */
  replaceAuthority(authority: CertificateAuthority): void;
  /** Stops renewing for `id` and drops its subscribers. */
  forget(id: SpiffeId): void;
  /** Forgets everything. Idempotent. */
  close(): void;
}

const LONGEST_WAIT_MS = 60_000;
const SHORTEST_RENEWAL_MS = 1_000;
/** Renewal comes up to this part earlier. */
const RENEWAL_JITTER_RATIO = 0.1;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5 * 60_000;

/** The caller closes it. */
export function createCertificateRotation(options: CertificateRotationOptions): CertificateRotation {
  const { renewalRatio = 0.5 } = options;
  if (!(renewalRatio > 0 && renewalRatio < 1)) {
    throw new FederationError("INVALID_ARGUMENT", `renewalRatio must be above 0 and below 1, ${renewalRatio} found`);
  }
  return new Rotation({ ...options, renewalRatio });
}

interface Entry {
  readonly id: SpiffeId;
  readonly listeners: Set<CertificateListener>;
  certificate: IssuedCertificate | undefined;
  /** When to issue the next one, epoch milliseconds. */
  renewAt: number;
  failedAttempts: number;
  isRenewing: boolean;
  timer: TimerHandle;
}

class Rotation implements CertificateRotation {
  readonly #options: CertificateRotationOptions & { readonly renewalRatio: number };
  readonly #entries = new Map<SpiffeId, Entry>();
  #authority: CertificateAuthority;
  #closed = false;

  constructor(options: CertificateRotationOptions & { readonly renewalRatio: number }) {
    this.#options = options;
    this.#authority = options.authority;
  }

  get(id: SpiffeId): IssuedCertificate | undefined {
    return this.#entry(id).certificate;
  }

  subscribe(id: SpiffeId, listener: CertificateListener): () => void {
    const { listeners } = this.#entry(id);
    // Wrapped, so that the same function may subscribe twice and unsubscribe once.
    const own: CertificateListener = (certificate) => listener(certificate);
    listeners.add(own);
    return () => listeners.delete(own);
  }

  replaceAuthority(authority: CertificateAuthority): void {
    this.#authority = authority;
    for (const entry of this.#entries.values()) {
      // A renewal that is under way takes the new authority by itself.
      if (entry.isRenewing) continue;
      this.#options.clock.clearTimeout(entry.timer);
      this.#startRenewal(entry);
    }
  }

  forget(id: SpiffeId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (!entry.isRenewing) this.#options.clock.clearTimeout(entry.timer);
    this.#entries.delete(id);
  }

  close(): void {
    this.#closed = true;
    for (const id of [...this.#entries.keys()]) this.forget(id);
  }

  #entry(id: SpiffeId): Entry {
    if (this.#closed) throw new FederationError("FAILED_PRECONDITION", "the certificate rotation is closed");
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const entry: Entry = {
      id,
      listeners: new Set(),
      certificate: undefined,
      renewAt: 0,
      failedAttempts: 0,
      isRenewing: false,
      timer: undefined,
    };
    this.#entries.set(id, entry);
    try {
      this.#issue(entry, generatePrivateKeySync(this.#keyType));
    } catch (error) {
      this.#postpone(entry, error);
    }
    this.#wait(entry);
    return entry;
  }

  #wait(entry: Entry): void {
    const { clock } = this.#options;
    const delayMs = Math.min(Math.max(entry.renewAt - clock.now(), 0), LONGEST_WAIT_MS);
    entry.timer = clock.setTimeout(() => {
      if (isDue(entry, clock.now())) this.#startRenewal(entry);
      else this.#wait(entry);
    }, delayMs);
  }

  #startRenewal(entry: Entry): void {
    entry.isRenewing = true;
    // Never rejects: what fails in it is reported.
    void this.#renew(entry);
  }

  async #renew(entry: Entry): Promise<void> {
    const isForgotten = () => this.#entries.get(entry.id) !== entry;
    try {
      const privateKey = await generatePrivateKey(this.#keyType);
      if (isForgotten()) return;
      this.#issue(entry, privateKey);
    } catch (error) {
      if (isForgotten()) return;
      this.#postpone(entry, error);
    }
    entry.isRenewing = false;
    this.#wait(entry);
    if (entry.failedAttempts === 0) this.#notify(entry);
  }

  #issue(entry: Entry, privateKey: PrivateKey): void {
    const { clock, validityMs } = this.#options;
    const validity = validityMs === undefined ? {} : { validityMs };
    entry.certificate = this.#authority.issue({ id: entry.id, now: clock.now(), privateKey, ...validity });
    entry.renewAt = this.#renewalTime(entry.certificate);
    entry.failedAttempts = 0;
  }

  #postpone(entry: Entry, error: unknown): void {
    const { clock, random, onFailure } = this.#options;
    entry.failedAttempts += 1;
    const backoffMs = Math.min(FIRST_RETRY_MS * 2 ** (entry.failedAttempts - 1), LONGEST_RETRY_MS);
    const retryAfterMs = Math.round(backoffMs * (1 - random() / 2));
    entry.renewAt = clock.now() + retryAfterMs;
    const { id, failedAttempts: attempt, certificate } = entry;
    const inForce = certificate === undefined ? {} : { notAfter: certificate.notAfter };
    onFailure({ kind: "IssueFailed", id, error, attempt, retryAfterMs, ...inForce });
  }

  #notify({ id, certificate, listeners }: Entry): void {
    if (certificate === undefined) return;
    for (const listener of [...listeners]) {
      try {
        listener(certificate);
      } catch (error) {
        this.#options.onFailure({ kind: "ListenerFailed", id, error });
      }
    }
  }

  #renewalTime({ notAfter }: IssuedCertificate): number {
    const { clock, random, renewalRatio } = this.#options;
    const now = clock.now();
    const lifetimeMs = (notAfter - now) * renewalRatio * (1 - RENEWAL_JITTER_RATIO * random());
    return now + Math.max(lifetimeMs, SHORTEST_RENEWAL_MS);
  }

  get #keyType(): KeyType {
    return this.#options.keyType ?? "ECDSA-P256";
  }
}

/** A clock that was set back may leave a certificate that is not valid yet. */
function isDue({ renewAt, certificate }: Entry, now: number): boolean {
  return now >= renewAt || (certificate !== undefined && now < certificate.notBefore);
}
