/**
 * The TLS material of one gateway, kept current: reloaded when its certificate rotates and when its peer's roots change.
 * A certificate that cannot be used does not displace one that can; roots that cannot be used always displace the old.
 */
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import type { SpiffeId } from "../naming/spiffe-id.js";
import type { GatewayResourceKey, PeerTrust } from "../plan/gateway-resource.js";
import { formatViolations } from "../result.js";
import { secureContextOptions } from "../trust/tls-context.js";
import { parseTrustBundle, type TrustBundle } from "../trust/trust-bundle.js";
import type { GatewayContext } from "./gateway-context.js";
import type { GatewayProblem } from "./gateway-events.js";

export interface GatewayTls {
  /** Absent while `problem` says why. */
  readonly current: TlsState | undefined;
  readonly problem: GatewayProblem | undefined;
  /** Loads anew; a no-op when nothing has changed. */
  configure(identity: SpiffeId, trust: PeerTrust): void;
  close(): void;
}

/** What one gateway needs to authenticate itself and one peer. */
export interface TlsState {
  readonly options: SecureContextOptions;
  /** Shared by all connections: making one is what a handshake must not have to do. */
  readonly secureContext: SecureContext;
  /** The peer's, parsed once. */
  readonly roots: TrustBundle;
}

export interface GatewayTlsOptions {
  readonly resource: GatewayResourceKey;
  readonly context: GatewayContext;
  /** After a rotation; not called from within `configure`. */
  readonly onRotated: () => void;
}

export function createGatewayTls({ resource, context, onRotated }: GatewayTlsOptions): GatewayTls {
  const { certificates, clock, telemetry } = context;
  let current: TlsState | undefined;
  let problem: GatewayProblem | undefined;
  let configured: { readonly identity: SpiffeId; readonly trust: PeerTrust } | undefined;
  let unsubscribe = () => {};

  const load = (identity: SpiffeId, trust: PeerTrust): TlsState | GatewayProblem => {
    const roots = parseTrustBundle(trust.rootCertificates, { now: clock.now() });
    if (!roots.ok) return trustProblem(resource, trust, formatViolations(roots.violations));
    try {
      const certificate = certificates.get(identity);
      if (certificate === undefined) return certificateProblem(resource, `there is no certificate for "${identity}"`);
      const options = secureContextOptions({ certificate, roots: roots.value });
      return { options, secureContext: createSecureContext(options), roots: roots.value };
    } catch (error) {
      return certificateProblem(resource, `the certificate of "${identity}" cannot be used: ${describe(error)}`);
    }
  };

  const rotate = () => {
    if (configured === undefined) return;
    const loaded = load(configured.identity, configured.trust);
    if ("reason" in loaded) {
      telemetry.problem(loaded);
      if (current === undefined) problem = loaded;
      return;
    }
    current = loaded;
    problem = undefined;
    onRotated();
  };

  return {
    get current() {
      return current;
    },
    get problem() {
      return problem;
    },
    configure(identity, trust) {
      const unchanged = configured?.identity === identity && isSameTrust(configured.trust, trust);
      if (unchanged && current !== undefined) return;
      if (configured?.identity !== identity) {
        unsubscribe();
        unsubscribe = certificates.subscribe(identity, rotate);
      }
      configured = { identity, trust };
      const loaded = load(identity, trust);
      current = "reason" in loaded ? undefined : loaded;
      problem = "reason" in loaded ? loaded : undefined;
    },
    close() {
      unsubscribe();
      configured = undefined;
      current = undefined;
    },
  };
}

export function isSameTrust(one: PeerTrust, other: PeerTrust): boolean {
  return one.trustDomain === other.trustDomain && one.rootCertificates === other.rootCertificates;
}

function trustProblem(resource: GatewayResourceKey, { trustDomain }: PeerTrust, detail: string): GatewayProblem {
  return {
    resource,
    reason: "TrustInvalid",
    message: `the root certificates of trust domain "${trustDomain}" cannot be used: ${detail}`,
    remedy: "copy the peer's istio-ca-root-cert into the ConfigMap that spec.security.certificateChain names",
  };
}

function certificateProblem(resource: GatewayResourceKey, message: string): GatewayProblem {
  return {
    resource,
    reason: "CertificateUnavailable",
    message,
    remedy: "check the mesh's certificate authority; the gateway starts by itself once it has a certificate",
  };
}

/** OpenSSL's code; its messages could quote what it was given. */
function describe(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "it was refused";
}
