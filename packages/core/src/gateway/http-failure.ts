import { type Hop, HopError } from "./hop-error.js";
import { tlsFailureReason } from "./tls-originator.js";

/**
 * Who is at the other end of an established connection to a service: the last hop that could be seen to work. `peer` is
 * absent for a local endpoint.
 */
export function upstreamHop({ peer, endpoint }: UpstreamAddress, localHost: string): Hop {
  if (peer === undefined) return { kind: "Endpoint", host: localHost, address: endpoint };
  return { kind: "RemoteIngress", peer, address: endpoint };
}

interface UpstreamAddress {
  readonly peer?: string;
  /** `address:port` */
  readonly endpoint: string;
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
