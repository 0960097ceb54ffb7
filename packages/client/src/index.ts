/** @meshfed/client: the API for programs, in Node and in browsers. */
export { ApiError, type ApiErrorCause, type ApiErrorOptions, type ApiErrorReason } from "./api-error.js";
export type { ApplyOutcome, ApplyResult } from "./apply.js";
export type { Fetch, FetchBody, FetchBodyReader, FetchInit, FetchResponse } from "./fetch.js";
export type { ListOptions, ObjectList } from "./object-list.js";
export type { Resource, ResourceOf } from "./resource-path.js";
export {
  createRestClient,
  type DeleteOptions,
  type ObjectName,
  type RequestOptions,
  type RestClient,
  type RestClientOptions,
  type WriteOptions,
} from "./rest-client.js";
export type { Table, TableColumn, TableRow } from "./table.js";
export type { WatchEvent, WatchOptions } from "./watch.js";
