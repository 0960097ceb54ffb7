import type { User } from "./authenticator.js";

/** What a request asks for. */
export type RequestAttributes =
  | {
      readonly kind: "resource";
      /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`. */
      readonly verb: string;
      /** `""` for the core group. */
      readonly group: string;
      readonly version: string;
      /** Plural. */
      readonly resource: string;
      readonly subresource?: string;
      readonly namespace?: string;
      readonly name?: string;
    }
  /** `verb` is the HTTP method in lower case. */
  | { readonly kind: "path"; readonly verb: string; readonly path: string };

/** Whether the user may. Decides on the words of the request alone, before anything is looked up. */
export type Authorizer = (user: User, attributes: RequestAttributes) => Promise<boolean>;

/** Members of this group may do everything, as in Kubernetes. */
export const ADMINISTRATORS_GROUP = "system:masters";

export const allowAdministrators: Authorizer = async (user) => user.groups.includes(ADMINISTRATORS_GROUP);
