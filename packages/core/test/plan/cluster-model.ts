import {
  type GatewayProblem,
  type KubernetesObject,
  objectKey,
  objectReference,
  type PeerObservation,
  type SnapshotChange,
} from "../../src/index.js";

/** What a sequence of changes comes to, kept the plain way: the snapshot that a plan from scratch is made of. */
export class ClusterModel {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #observations = new Map<string, PeerObservation>();
  #gatewayProblems: readonly GatewayProblem[] = [];

  get objects(): readonly KubernetesObject[] {
    return [...this.#objects.values()];
  }

  get observations(): readonly PeerObservation[] {
    return [...this.#observations.values()];
  }

  /** All that is known now, as changes. */
  get changes(): readonly SnapshotChange[] {
    return [
      ...this.objects.map((object) => ({ type: "upsert", object }) as const),
      ...this.observations.map((observation) => ({ type: "peerSync", observation }) as const),
      { type: "gatewayProblems", problems: this.#gatewayProblems },
    ];
  }

  apply(change: SnapshotChange): void {
    switch (change.type) {
      case "upsert":
        this.#objects.set(objectKey(objectReference(change.object)), change.object);
        break;
      case "delete":
        this.#objects.delete(objectKey(change.reference));
        break;
      case "peerSync":
        this.#observations.set(change.observation.peer, change.observation);
        break;
      case "peerForgotten":
        this.#observations.delete(change.peer);
        break;
      case "gatewayProblems":
        this.#gatewayProblems = change.problems;
        break;
      default:
        this.#patch(change);
    }
  }

  #patch(change: Extract<SnapshotChange, { readonly type: "peerServices" | "peerStatus" }>): void {
    const before = this.#observations.get(change.peer);
    const { lastConfirmed = before?.lastConfirmed } = change;
    const services = new Map(before?.services);
    const rejected = new Map(before?.rejected);
    if (change.type === "peerServices") {
      for (const hostname of change.removed) services.delete(hostname);
      for (const message of change.upserted) services.set(message.hostname, message);
      for (const hostname of [...change.removed, ...change.upserted.map((each) => each.hostname)])
        rejected.delete(hostname);
      for (const [hostname, violations] of change.rejected ?? []) {
        services.delete(hostname);
        rejected.set(hostname, violations);
      }
    }
    const discoveryStatus = change.type === "peerStatus" ? change.discoveryStatus : (before?.discoveryStatus ?? {});
    this.#observations.set(change.peer, {
      peer: change.peer,
      services,
      rejected,
      discoveryStatus,
      ...(lastConfirmed !== undefined && { lastConfirmed }),
    });
  }
}
