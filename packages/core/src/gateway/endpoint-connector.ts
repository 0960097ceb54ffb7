import type { WorkloadEndpoint } from "../plan/gateway-resource.js";
import type { GatewayContext } from "./gateway-context.js";
import { type Hop, HopError } from "./hop-error.js";
import type { UpstreamConnection } from "./proxied-connection.js";
import { formatEndpoint, tcpProxyStream } from "./proxy-stream.js";
import { connectTcp } from "./tcp-connect.js";

/**
 * A TCP connection to one local workload. `host` is the service's, for messages.
 * @throws HopError naming the endpoint; the signal's reason when aborted
 */
export async function connectEndpoint(
  { address, port }: WorkloadEndpoint,
  { host, signal, context }: { readonly host: string; readonly signal: AbortSignal; readonly context: GatewayContext },
): Promise<UpstreamConnection> {
  const endpoint = formatEndpoint(address, port);
  const hop: Hop = { kind: "Endpoint", host, address: endpoint };
  const { clock, limits, resolver } = context;
  const [ip] = await resolver.resolve(address, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new HopError("NameNotResolved", hop, describe(error), { cause: error });
  });
  if (ip === undefined) throw new HopError("NameNotResolved", hop, `"${address}" has no addresses`);
  const socket = await connectTcp({ address: ip, port, timeoutMs: limits.connectTimeoutMs, clock, hop, signal });
  return { proxy: tcpProxyStream(socket), endpoint };
}

/** Key of an endpoint's health. */
export function endpointKey({ address, port }: WorkloadEndpoint): string {
  return formatEndpoint(address, port);
}

export function noEndpoint(host: string): HopError {
  return new HopError("NoUpstream", { kind: "Endpoint", host }, "there is no ready endpoint");
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
