import type { Withdrawal } from "./connection-registry.js";
import type { GatewayContext } from "./gateway-context.js";
import type { CloseReason, ConnectionOpened } from "./gateway-events.js";
import { HopError } from "./hop-error.js";
import type { ProxyStream } from "./proxy-stream.js";
import { type Relay, startRelay } from "./relay.js";

/** An established connection towards the called service. */
export interface UpstreamConnection {
  readonly proxy: ProxyStream;
  /** The peer it leads to; absent for a local endpoint. */
  readonly peer?: string;
  /** `address:port` of the other side. */
  readonly endpoint: string;
}

export interface ProxiedConnectionOptions {
  readonly downstream: ProxyStream;
  readonly about: Omit<ConnectionOpened, "id" | "upstream">;
  readonly groups: readonly string[];
  readonly reauthorize: () => Withdrawal | undefined;
  /** Rejects with a HopError, or with the signal's reason. Undefined: the caller was answered without an upstream. */
  readonly connect: (signal: AbortSignal) => Promise<UpstreamConnection | undefined>;
  /** Before the first byte is relayed. */
  readonly onConnected?: (upstream: UpstreamConnection) => void;
  /** No upstream could be reached: has to answer and end the caller's connection. */
  readonly onFailed: (error: HopError) => void;
}

/** Connects a caller that has been let in, relays until both sides are done, and tells about it. Never rejects. */
export async function proxyConnection(options: ProxiedConnectionOptions, context: GatewayContext): Promise<void> {
  const { downstream, groups, reauthorize } = options;
  const abandoned = new AbortController();
  let relay: Relay | undefined;
  const close = (reason: CloseReason) => {
    if (relay !== undefined) return relay.end(reason);
    abandoned.abort(new Error(`the connection was closed: ${reason}`));
    downstream.reset();
  };
  const remove = context.traffic.add({ groups, reauthorize, close });
  try {
    const upstream = await connectUpstream(options, abandoned);
    if (upstream === undefined) return;
    relay = startRelay(downstream, upstream.proxy, {
      clock: context.clock,
      idleTimeoutMs: context.limits.idleTimeoutMs,
    });
    await report(relay, upstream, options, context);
  } finally {
    remove();
  }
}

async function connectUpstream(
  { downstream, connect, onConnected, onFailed }: ProxiedConnectionOptions,
  abandoned: AbortController,
): Promise<UpstreamConnection | undefined> {
  const onGone = () => abandoned.abort(new Error("the caller went away"));
  downstream.stream.once("close", onGone);
  try {
    const upstream = await connect(abandoned.signal);
    if (upstream !== undefined && abandoned.signal.aborted) upstream.proxy.reset();
    if (upstream === undefined || abandoned.signal.aborted) return undefined;
    onConnected?.(upstream);
    return upstream;
  } catch (error) {
    if (!abandoned.signal.aborted) onFailed(asHopError(error));
    return undefined;
  } finally {
    downstream.stream.off("close", onGone);
  }
}

async function report(
  relay: Relay,
  { peer, endpoint }: UpstreamConnection,
  { about }: ProxiedConnectionOptions,
  { clock, telemetry, nextConnectionId }: GatewayContext,
): Promise<void> {
  const openedAt = clock.now();
  const opened = { ...about, ...(peer === undefined ? {} : { peer }), id: nextConnectionId(), upstream: endpoint };
  telemetry.connectionOpened(opened);
  const outcome = await relay.closed;
  telemetry.connectionClosed({ ...opened, ...outcome, durationMs: clock.now() - openedAt });
}

/** Connectors reject with HopErrors; anything else is told as well as it can be. */
export function asHopError(error: unknown): HopError {
  if (error instanceof HopError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new HopError("ConnectFailed", { kind: "OutboundListener" }, message, { cause: error });
}
