import { createHash } from "node:crypto";

/**
 * The name under which this process appears in `status.discoveryStatus`, in the form of an istiod pod's:
 * `istiod-<control plane>-<hash>`. The same for one data directory and control plane, so a restart continues its entry.
 */
export function podName(controlPlane: string, instanceId: string): string {
  const hash = createHash("sha256").update(`${instanceId}/${controlPlane}`).digest("hex").slice(0, 10);
  return `istiod-${controlPlane}-${hash}`;
}
