import {
  type AnnouncedService,
  checkAnnouncement,
  legacyListChecksum,
  listChecksum,
  type NetworkGatewayEndpoint,
  type ReceivedServiceList,
  type ReceivedWatchEvent,
  type StreamEnd,
  Watcher,
  type WatcherEffect,
  type WatcherInput,
  type WatcherOptions,
  type WatcherTimer,
} from "@meshfed/core";
import { ManualClock } from "./manual-clock.js";

export const START = Date.parse("2021-10-05T13:00:00Z");

type EffectOf<Type extends WatcherEffect["type"]> = Extract<WatcherEffect, { readonly type: Type }>;

export function believeIn(trustDomain: string) {
  return (service: AnnouncedService) => checkAnnouncement(service, { peerTrustDomain: trustDomain });
}

export function receivedList(
  services: readonly AnnouncedService[],
  changes: Partial<ReceivedServiceList> = {},
): ReceivedServiceList {
  return { checksum: listChecksum(services), services, malformed: [], networkGatewayEndpoints: [], ...changes };
}

export function legacyList(
  services: readonly AnnouncedService[],
  networkGatewayEndpoints: readonly NetworkGatewayEndpoint[],
): ReceivedServiceList {
  const checksum = legacyListChecksum(services, networkGatewayEndpoints);
  return receivedList(services, { networkGatewayEndpoints, checksum });
}

/** An event after which the exporter's list is `after`. */
export function eventOf(
  action: ReceivedWatchEvent["action"],
  service: AnnouncedService,
  after: readonly AnnouncedService[],
): ReceivedWatchEvent {
  return { action, service, checksum: listChecksum(after) };
}

/** A watcher under a manual clock without jitter; the test plays the peer. */
export class WatcherRun {
  readonly clock = new ManualClock(START);
  readonly watcher: Watcher;
  /** Everything that the watcher has asked for, timers apart. */
  readonly effects: WatcherEffect[] = [];
  readonly #timers: Map<WatcherTimer, unknown> = new Map();

  constructor(options: Partial<WatcherOptions> = {}, trustDomain = "red-mesh.local") {
    this.watcher = new Watcher(believeIn(trustDomain), { random: () => 0.5, ...options });
  }

  feed(input: WatcherInput): void {
    for (const effect of this.watcher.handle(input, this.clock.now())) {
      if (effect.type === "setTimer") this.#setTimer(effect.timer, effect.delayMs);
      else if (effect.type === "clearTimer") this.#clearTimer(effect.timer);
      else this.effects.push(effect);
    }
  }

  effectsOf<Type extends WatcherEffect["type"]>(type: Type): EffectOf<Type>[] {
    return this.effects.filter((effect): effect is EffectOf<Type> => effect.type === type);
  }

  count(type: WatcherEffect["type"]): number {
    return this.effectsOf(type).length;
  }

  get watch(): number {
    return this.effectsOf("openWatch").at(-1)?.watch ?? 0;
  }

  get fetch(): number {
    return this.effectsOf("fetchList").at(-1)?.fetch ?? 0;
  }

  open(): void {
    this.feed({ type: "watchOpened", watch: this.watch });
  }

  end(end: StreamEnd): void {
    this.feed({ type: "streamEnded", watch: this.watch, end });
  }

  events(...events: readonly ReceivedWatchEvent[]): void {
    this.feed({ type: "events", watch: this.watch, events });
  }

  list(list: ReceivedServiceList, entityTag?: string): void {
    this.feed({ type: "listReceived", fetch: this.fetch, list, ...(entityTag !== undefined && { entityTag }) });
  }

  listFails(kind: "unreachable" | "invalid" = "unreachable", message = "503 Service Unavailable"): void {
    this.feed({ type: "listFailed", fetch: this.fetch, kind, message });
  }

  /** Started, opened, and in possession of a list. */
  connect(services: readonly AnnouncedService[] = []): this {
    this.feed({ type: "started" });
    this.open();
    this.list(receivedList(services));
    return this;
  }

  get names(): string[] {
    return [...this.watcher.services.values()].map(({ name }) => name).sort();
  }

  #setTimer(timer: WatcherTimer, delayMs: number): void {
    this.#clearTimer(timer);
    const fire = () => {
      this.#timers.delete(timer);
      this.feed({ type: "timer", timer });
    };
    this.#timers.set(timer, this.clock.setTimeout(fire, delayMs));
  }

  #clearTimer(timer: WatcherTimer): void {
    this.clock.clearTimeout(this.#timers.get(timer));
    this.#timers.delete(timer);
  }
}
