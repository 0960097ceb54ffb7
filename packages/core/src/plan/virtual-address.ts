/**
 * Virtual addresses of imported services: where raw TCP ports are reached, since raw TCP has no `Host` to route by.
 *
 * Which host gets which address depends only on the set of hosts, never on the order in which they came or on what was
 * allocated before, so that every replica and every restart allocates the same. Each host has its own sequence of wanted
 * addresses (its hash, then the next ones, around the end); hosts are served in lexical order, and each takes the first
 * of its sequence that is still free. That outcome is unique, and it is kept up to date without starting over: a
 * lexically earlier host displaces a later one, which moves on in its sequence, and a freed address goes to the
 * earliest host that was refused there.
 *
 * So an address is stable for as long as the host exists, except when a lexically earlier host wants it too. In a
 * range of 65,536 addresses 256 hosts meet no other one with a probability of about 60 %, and each meeting moves one
 * host once.
 *
 * Considered and not taken: numbering hosts in order (each new host moves all later ones), and remembering allocations
 * (the plan would no longer follow from its input).
 *
 * @see reference 10.20
 */
import { failure, type Result, success } from "../result.js";

export interface VirtualAddressPool {
  /** Asks for an address. Idempotent. */
  add(host: string): void;
  /** Gives the address back. Idempotent. */
  remove(host: string): void;
  /** Undefined for hosts that did not ask, and for those that no address was left for. */
  addressOf(host: string): string | undefined;
  /** Hosts whose address is another than at the last call, or gone, or new. */
  takeMoved(): ReadonlySet<string>;
}

/**
 * An IPv4 range in CIDR notation -> a pool without the range's first and last address (of a /31 or /32: with them).
 * Prefixes from /8 to /32. The address part must be the range's first.
 */
export function createVirtualAddressPool(cidr: string): Result<VirtualAddressPool> {
  const range = parseIpv4Range(cidr);
  if (range !== undefined) return success(new OrderedPool(range.first, range.size));
  return failure({
    path: "",
    reason: "Invalid",
    message: `found "${cidr}", expected an IPv4 range that starts at a multiple of its size, such as 127.64.0.0/16`,
  });
}

class OrderedPool implements VirtualAddressPool {
  readonly #first: number;
  readonly #size: number;
  /** Slot -> the host that has it. */
  readonly #holders = new Map<number, string>();
  /** Slot -> hosts that wanted it and were refused; each sits further on in its sequence. */
  readonly #refused = new Map<number, Set<string>>();
  /** Host -> how far in its sequence it is; `#size` when every slot refused it. */
  readonly #attempts = new Map<string, number>();
  #moved = new Set<string>();

  constructor(first: number, size: number) {
    this.#first = first;
    this.#size = size;
  }

  add(host: string): void {
    if (!this.#attempts.has(host)) this.#seek(host, 0);
  }

  remove(host: string): void {
    const attempt = this.#attempts.get(host);
    if (attempt === undefined) return;
    this.#attempts.delete(host);
    this.#moved.add(host);
    this.#withdrawRefusals(host, 0, attempt);
    if (attempt < this.#size) this.#release(this.#slot(host, attempt));
  }

  addressOf(host: string): string | undefined {
    const attempt = this.#attempts.get(host);
    if (attempt === undefined || attempt === this.#size) return undefined;
    return formatIpv4(this.#first + this.#slot(host, attempt));
  }

  takeMoved(): ReadonlySet<string> {
    const moved = this.#moved;
    this.#moved = new Set();
    return moved;
  }

  /** Finds a place for `host` from `attempt` on, and then for each host that this displaces. */
  #seek(host: string, attempt: number): void {
    let seeker = host;
    for (let at = attempt; at < this.#size; ) {
      const slot = this.#slot(seeker, at);
      const holder = this.#holders.get(slot);
      if (holder === undefined || seeker < holder) {
        this.#place(seeker, at, slot);
        if (holder === undefined) return;
        seeker = holder;
        at = this.#attempts.get(holder) ?? 0;
      }
      this.#refuse(seeker, slot);
      at += 1;
    }
    this.#attempts.set(seeker, this.#size);
    this.#moved.add(seeker);
  }

  /** Gives a slot that has become free to the earliest of those refused there, and so on with the one it leaves. */
  #release(freed: number): void {
    for (let slot: number | undefined = freed; slot !== undefined; ) {
      this.#holders.delete(slot);
      const host = earliest(this.#refused.get(slot));
      if (host === undefined) return;
      const from: number = this.#attempts.get(host) ?? this.#size;
      const to = (slot - this.#slot(host, 0) + this.#size) % this.#size;
      this.#withdrawRefusals(host, to, from);
      this.#place(host, to, slot);
      slot = from < this.#size ? this.#slot(host, from) : undefined;
    }
  }

  #place(host: string, attempt: number, slot: number): void {
    this.#holders.set(slot, host);
    this.#attempts.set(host, attempt);
    this.#moved.add(host);
  }

  #refuse(host: string, slot: number): void {
    const refused = this.#refused.get(slot);
    if (refused === undefined) this.#refused.set(slot, new Set([host]));
    else refused.add(host);
  }

  #withdrawRefusals(host: string, from: number, to: number): void {
    for (let attempt = from; attempt < to; attempt++) {
      const slot = this.#slot(host, attempt);
      const refused = this.#refused.get(slot);
      refused?.delete(host);
      if (refused?.size === 0) this.#refused.delete(slot);
    }
  }

  #slot(host: string, attempt: number): number {
    return (fnv1a(host) + attempt) % this.#size;
  }
}

function earliest(hosts: ReadonlySet<string> | undefined): string | undefined {
  let first: string | undefined;
  for (const host of hosts ?? []) if (first === undefined || host < first) first = host;
  return first;
}

/** 32-bit FNV-1a over character codes; hosts are ASCII. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

const CIDR = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

function parseIpv4Range(cidr: string): { readonly first: number; readonly size: number } | undefined {
  const numbers = CIDR.exec(cidr)?.slice(1).map(Number);
  if (numbers === undefined) return undefined;
  const [prefix = 0] = numbers.slice(4);
  const octets = numbers.slice(0, 4);
  if (prefix < 8 || prefix > 32 || octets.some((octet) => octet > 255)) return undefined;
  const start = octets.reduce((address, octet) => address * 256 + octet, 0);
  const size = 2 ** (32 - prefix);
  if (start % size !== 0) return undefined;
  return size <= 2 ? { first: start, size } : { first: start + 1, size: size - 2 };
}

function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
