import { type Hop, HopError } from "./hop-error.js";
import { tlsFailureReason } from "./tls-originator.js";
import type { Upstream } from "./upstream-picker.js";

/** The last hop that could be seen to work was the connection; whoever is behind it did not answer. */
export function upstreamHop(upstream: Upstream, localHost: string, endpoint: string): Hop {
  if (upstream.kind === "Endpoint") return { kind: "Endpoint", host: localHost, address: endpoint };
  return { kind: "RemoteIngress", peer: upstream.remote.peer, address: endpoint };
}

/** What became of a request that was sent and got no response head. A HopError keeps what it says. */
export function requestFailure(error: NodeJS.ErrnoException, hop: Hop): HopError {
  if (error instanceof HopError) return error;
  const options = { cause: error };
  const { code = error.message } = error;
  if (code.startsWith("HPE_"))
    return new HopError("ResponseInvalid", hop, `the response is not valid HTTP/1.1 (${code})`, options);
  if (tlsFailureReason(code) === "ClientCertificateRefused") {
    return new HopError(
      "ClientCertificateRefused",
      hop,
      `the other side refused this gateway's certificate: ${code}`,
      options,
    );
  }
  if (code === "ECONNRESET" || code === "EPIPE") {
    return new HopError("ClosedBeforeResponse", hop, "the connection was closed before a response", options);
  }
  return new HopError("ConnectionLost", hop, `the connection broke (${code})`, options);
}
