import type { Condition } from "../resources/kubernetes-object.js";
import { formatTimestamp } from "../timestamp.js";

/** A condition without its times. */
export interface ConditionState {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** What the object's status says now. */
export interface PreviousCondition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime?: string | undefined;
}

export interface ConditionTimes {
  readonly previous: readonly PreviousCondition[] | undefined;
  /** `metadata.generation` of the object that was looked at. */
  readonly generation: number | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Conditions whose status is as before keep the time of their last transition; all others get `now`. */
export function toConditions(states: readonly ConditionState[], times: ConditionTimes): readonly Condition[] {
  return states.map((state) => {
    const before = times.previous?.find(({ type }) => type === state.type);
    const kept = before?.status === state.status ? before.lastTransitionTime : undefined;
    return {
      ...state,
      ...(times.generation !== undefined && { observedGeneration: times.generation }),
      lastTransitionTime: kept ?? formatTimestamp(times.now),
    };
  });
}
