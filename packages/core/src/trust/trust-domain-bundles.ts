import type { TrustDomain } from "../naming/spiffe-id.js";
import type { TrustBundle } from "./trust-bundle.js";

/** Who says which roots a trust domain has. */
export interface TrustDomainClaim {
  /** Name of the ServiceMeshPeer; for messages. */
  readonly peer: string;
  readonly trustDomain: TrustDomain;
  readonly bundle: TrustBundle;
}

/** A claim that was not followed because an earlier one gives the trust domain other roots. */
export interface TrustDomainConflict {
  readonly trustDomain: TrustDomain;
  readonly peer: string;
  /** Whose roots hold; absent: our own mesh's. */
  readonly inForce?: string;
  readonly message: string;
}

export interface TrustDomainBundles {
  /** The only roots by which an identity of each trust domain is verified. */
  readonly bundles: ReadonlyMap<TrustDomain, TrustBundle>;
  readonly conflicts: readonly TrustDomainConflict[];
}

/**
 * One bundle per trust domain, from what our own mesh and all its peers say now. It is computed from nothing each time, so
 * a trust domain goes with the last peer that names it, and the result is empty but for our own when there are no peers
 * (reference §10.3). Several peers may name one trust domain with the same roots; where roots differ, the earlier claim
 * holds, our own before all: joining the roots would let either mint identities of the other. Give the claims oldest
 * first, so that a new peer cannot displace one that works.
 * @see reference §6.1
 */
export function bundlesByTrustDomain(
  own: { readonly trustDomain: TrustDomain; readonly bundle: TrustBundle },
  claims: Iterable<TrustDomainClaim>,
): TrustDomainBundles {
  const inForce = new Map<TrustDomain, { readonly peer?: string; readonly bundle: TrustBundle }>();
  inForce.set(own.trustDomain, { bundle: own.bundle });
  const conflicts: TrustDomainConflict[] = [];
  for (const { peer, trustDomain, bundle } of claims) {
    const holder = inForce.get(trustDomain);
    if (holder === undefined) inForce.set(trustDomain, { peer, bundle });
    else if (holder.bundle.digest !== bundle.digest) conflicts.push(conflict(trustDomain, peer, holder.peer));
  }
  return { bundles: new Map([...inForce].map(([trustDomain, { bundle }]) => [trustDomain, bundle])), conflicts };
}

function conflict(trustDomain: TrustDomain, peer: string, inForce: string | undefined): TrustDomainConflict {
  const holder = inForce === undefined ? "this mesh itself" : `peer "${inForce}"`;
  const message = `peer "${peer}" gives trust domain "${trustDomain}" other root certificates than ${holder}, whose roots stay in force; every mesh needs a trust domain of its own, with one set of roots`;
  return { trustDomain, peer, message, ...(inForce === undefined ? {} : { inForce }) };
}
