import type { Clock, ResourceType } from "@meshfed/core";
import type { ResourceStore } from "../../store/resource-store.js";
import type { JsonObject } from "../json-object.js";

/** A request to a resource, apart from how it travelled. */
export interface RestRequest {
  readonly method: string;
  readonly target: RequestTarget;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  /** Media type of the body in lower case without parameters, `""` when there is none. */
  readonly contentType: string;
  /** The body, undefined when it is empty. @throws StatusError when it is too large, too slow, or no JSON object. */
  readJson(): Promise<JsonObject | undefined>;
  /** Aborts when the caller has gone or the server stops. */
  readonly signal: AbortSignal;
}

/** The kind and the object that an address names. */
export interface RequestTarget {
  readonly type: ResourceType;
  /** As the address has it: `networking.istio.io/v1beta1`. */
  readonly apiVersion: string;
  /** Absent: a cluster-scoped kind, or all namespaces. */
  readonly namespace?: string;
  /** Absent: the collection. */
  readonly name?: string;
  readonly subresource?: "status";
}

/** A target that names one object. */
export type ObjectTarget = RequestTarget & { readonly name: string };

export type RestResponse =
  | { readonly kind: "document"; readonly code: number; readonly body: unknown; readonly contentType?: string }
  /** One line of JSON per frame, sent as it comes, until the source ends. */
  | { readonly kind: "stream"; readonly frames: AsyncIterable<unknown> };

export interface RestContext {
  /** Redacts secrets. */
  readonly store: ResourceStore;
  readonly clock: Clock;
}

export function documentResponse(body: unknown, code = 200): RestResponse {
  return { kind: "document", code, body };
}

export function referenceOf(target: ObjectTarget): { readonly namespace?: string; readonly name: string } {
  const { namespace, name } = target;
  return namespace === undefined ? { name } : { namespace, name };
}
