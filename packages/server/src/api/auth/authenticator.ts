/** Who sends a request. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** What of a request can tell who sends it. */
export interface RequestCredentials {
  /** The Authorization header as it came. */
  readonly authorization: string | undefined;
}

/** The user, or undefined when the credentials are absent or not valid: the two are not told apart. */
export type Authenticator = (credentials: RequestCredentials) => Promise<User | undefined>;

/** The token of `Authorization: Bearer TOKEN`. @see RFC 6750 §2.1 */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(authorization ?? "")?.[1];
}
