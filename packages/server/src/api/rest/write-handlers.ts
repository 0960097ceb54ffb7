import { FederationError, type KubernetesObject, namespaceType } from "@meshfed/core";
import type { DeleteOptions } from "../../store/resource-store.js";
import { isJsonObject, type JsonObject, objectField } from "../json-object.js";
import {
  badRequest,
  conflict,
  failureStatus,
  invalidObject,
  methodNotAllowed,
  objectNotFound,
  StatusError,
  successStatus,
} from "./api-status.js";
import { mergePatch } from "./merge-patch.js";
import { checkName, completeBody, parseObject, withMetadata, withoutFields } from "./object-body.js";
import { isDryRun, parseDryRun } from "./query-options.js";
import { negotiate, representObject } from "./representation.js";
import {
  documentResponse,
  type ObjectTarget,
  type RequestTarget,
  type RestContext,
  type RestRequest,
  type RestResponse,
  referenceOf,
} from "./rest-request.js";

/** How often a patch without a precondition is tried against fresh state; as the Kubernetes API server. */
const MAX_PATCH_ATTEMPTS = 5;

const JSON_TYPES = ["", "application/json"];
const MERGE_PATCH = "application/merge-patch+json";

/** Groups of Kubernetes itself, whose kinds may be replaced without naming a version. @see AllowUnconditionalUpdate */
const UNCONDITIONAL_GROUPS: ReadonlySet<string> = new Set(["", "discovery.k8s.io"]);

/** What the store decides; whatever a body of a create says of it is ignored. */
const SYSTEM_METADATA = ["uid", "generation", "creationTimestamp", "deletionTimestamp", "selfLink", "managedFields"];

export async function createObject(context: RestContext, request: RestRequest): Promise<RestResponse> {
  const answer = negotiateAnswer(context, request);
  const { target, query } = request;
  const { type, namespace } = target;
  // The collection of all namespaces can only be read.
  if (type.namespaced && namespace === undefined) throw methodNotAllowed(request.method);
  const dryRun = parseDryRun(query);
  const body = completeBody(target, await readObject(request, JSON_TYPES));
  const given = objectField(body, "metadata");
  if ((given.resourceVersion ?? "") !== "") {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const metadata = withoutFields(given, [...SYSTEM_METADATA, "resourceVersion"]);
  const status = type.statusSubresource ? ["status"] : [];
  const object = parseNew(target, { ...withoutFields(body, status), metadata });
  return answer(await create(context, object, namespace, dryRun), 201);
}

/** An object with a generateName gets its name from the store; any such name is as valid as the one checked here. */
function parseNew(target: RequestTarget, candidate: JsonObject): KubernetesObject {
  const { name = "", generateName: prefix } = objectField(candidate, "metadata");
  if (name !== "" || typeof prefix !== "string" || prefix === "") return parseObject(target, candidate);
  const object = parseObject(target, withMetadata(candidate, { name: `${prefix.slice(0, 58)}00000` }));
  return { ...object, metadata: { ...object.metadata, name: "" } };
}

async function create(
  { store }: RestContext,
  object: KubernetesObject,
  namespace: string | undefined,
  dryRun: boolean,
): Promise<KubernetesObject> {
  try {
    return await store.create(object, { dryRun });
  } catch (error) {
    // What a create does not find is its namespace.
    if (FederationError.is(error) && error.code === "NOT_FOUND" && namespace !== undefined) {
      throw objectNotFound(namespaceType, namespace);
    }
    throw error;
  }
}

export async function replaceObject(
  context: RestContext,
  request: RestRequest,
  target: ObjectTarget,
): Promise<RestResponse> {
  const answer = negotiateAnswer(context, request);
  const dryRun = parseDryRun(request.query);
  const candidate = completeBody(target, await readObject(request, JSON_TYPES));
  checkName(target.name, candidate);
  const version = objectField(candidate, "metadata").resourceVersion ?? "";
  if (version === "" && !UNCONDITIONAL_GROUPS.has(target.type.group)) {
    throw invalidObject(target.type, target.name, [
      {
        path: "metadata.resourceVersion",
        reason: "Required",
        message: "missing, must be specified for an update; take it from the object that was read",
      },
    ]);
  }
  const updated = await writeObject(context, target, candidate, dryRun);
  return answer(updated);
}

/** Writes the object or, for a status target, its status alone. */
async function writeObject(
  context: RestContext,
  target: ObjectTarget,
  candidate: JsonObject,
  dryRun: boolean,
): Promise<KubernetesObject> {
  const { store } = context;
  if (target.subresource !== undefined) {
    const withStatus = await graftStatus(context, target, candidate);
    return store.update(parseObject(target, withStatus), { subresource: "status", dryRun });
  }
  const status = target.type.statusSubresource ? ["status"] : [];
  return store.update(parseObject(target, withoutFields(candidate, status)), { dryRun });
}

/** The stored object with the candidate's status and its preconditions: nothing else of the candidate counts. */
async function graftStatus(context: RestContext, target: ObjectTarget, candidate: JsonObject): Promise<JsonObject> {
  const stored = { ...(await readStored(context, target)) };
  const { uid, resourceVersion } = objectField(candidate, "metadata");
  return withMetadata(
    { ...withoutFields(stored, ["status"]), ...("status" in candidate ? { status: candidate.status } : {}) },
    { resourceVersion, ...(uid === undefined ? {} : { uid }) },
  );
}

async function readStored({ store }: RestContext, target: ObjectTarget): Promise<KubernetesObject> {
  const stored = await store.get(target.type, referenceOf(target));
  if (stored === undefined) throw objectNotFound(target.type, target.name);
  return stored;
}

export async function patchObject(
  context: RestContext,
  request: RestRequest,
  target: ObjectTarget,
): Promise<RestResponse> {
  const answer = negotiateAnswer(context, request);
  const dryRun = parseDryRun(request.query);
  const patch = await readObject(request, [MERGE_PATCH]);
  const wanted = objectField(patch, "metadata").resourceVersion;
  const conditional = wanted !== undefined && wanted !== null;
  for (let attempt = 1; ; attempt++) {
    const stored = await readStored(context, target);
    if (conditional && wanted !== stored.metadata.resourceVersion) {
      throw conflict(target.type, target.name, "the object has been modified; apply the change to the latest version");
    }
    const patched = mergePatch({ ...stored, apiVersion: target.apiVersion }, patch);
    const candidate = withMetadata(completeBody(target, patched), {
      resourceVersion: stored.metadata.resourceVersion,
    });
    checkName(target.name, candidate);
    try {
      return answer(await writeObject(context, target, candidate, dryRun));
    } catch (error) {
      const stale = FederationError.is(error) && error.code === "ABORTED";
      if (!stale || conditional || attempt === MAX_PATCH_ATTEMPTS) throw error;
    }
  }
}

export async function deleteObject(
  context: RestContext,
  request: RestRequest,
  target: ObjectTarget,
): Promise<RestResponse> {
  const answer = negotiateAnswer(context, request);
  if (target.subresource !== undefined) throw methodNotAllowed(request.method);
  const options = parseDeleteOptions(request.query, await readOptionalObject(request, JSON_TYPES));
  const { type, name } = target;
  const deleted = await context.store.delete(type, referenceOf(target), options);
  const { uid } = deleted.metadata;
  // Finalizers, or what a namespace still holds, keep the object: the caller gets it with its deletionTimestamp.
  const remaining = options.dryRun ? undefined : await context.store.get(type, referenceOf(target));
  if (remaining !== undefined && remaining.metadata.uid === uid) return answer(remaining);
  return documentResponse(
    successStatus({ name, group: type.group, kind: type.plural, ...(uid === undefined ? {} : { uid }) }),
  );
}

/** A grace period is accepted and has no meaning: nothing here runs in the object. */
function parseDeleteOptions(query: URLSearchParams, body: JsonObject | undefined): DeleteOptions {
  const preconditions = objectField(body ?? {}, "preconditions");
  const dryRunValues = body?.dryRun;
  if (dryRunValues !== undefined && !Array.isArray(dryRunValues)) throw badRequest("dryRun must be a list");
  const dryRun = isDryRun(dryRunValues ?? []) || parseDryRun(query);
  const precondition = (field: "uid" | "resourceVersion") => {
    const value = preconditions[field];
    if (value === undefined || value === null) return {};
    if (typeof value !== "string") throw badRequest(`preconditions.${field} must be a text`);
    return { [field]: value };
  };
  return {
    ...precondition("uid"),
    ...precondition("resourceVersion"),
    ...parsePropagation(body?.propagationPolicy ?? query.get("propagationPolicy") ?? "Background"),
    dryRun,
  };
}

/** Dependents go with their owner in one write, so foreground and background are one. */
function parsePropagation(policy: unknown): Pick<DeleteOptions, "propagationPolicy"> {
  if (policy === "Orphan") return { propagationPolicy: policy };
  if (policy === "Background" || policy === "Foreground") return {};
  throw badRequest('propagationPolicy must be "Orphan", "Background" or "Foreground"');
}

async function readObject(request: RestRequest, accepted: readonly string[]): Promise<JsonObject> {
  const body = await readOptionalObject(request, accepted);
  if (body === undefined) throw badRequest("the body is empty, expected an object");
  return body;
}

async function readOptionalObject(request: RestRequest, accepted: readonly string[]): Promise<JsonObject | undefined> {
  if (!accepted.includes(request.contentType)) {
    const supported = accepted.filter((type) => type !== "").join(", ");
    throw new StatusError(
      failureStatus(
        "UnsupportedMediaType",
        `the body of the request was in an unknown format - accepted media types include: ${supported}`,
      ),
    );
  }
  const body = await request.readJson();
  if (body !== undefined && !isJsonObject(body)) throw badRequest("the body is not an object");
  return body;
}

type AnswerForm = (object: KubernetesObject, code?: number) => RestResponse;

/** Decided before anything is written: a caller who accepts nothing that we have must not change anything. */
function negotiateAnswer({ clock }: RestContext, { accept, query, target }: RestRequest): AnswerForm {
  const form = negotiate(accept, query);
  const { type, apiVersion } = target;
  return (object, code) =>
    documentResponse(representObject(object, { ...form, type, apiVersion, now: clock.now() }), code);
}
