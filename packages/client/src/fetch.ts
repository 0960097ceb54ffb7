/** The part of the Fetch standard that the client uses: `globalThis.fetch` and undici's `fetch` both are one. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly redirect: "error";
}

export interface FetchResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly body: FetchBody | null;
  text(): Promise<string>;
}

export interface FetchBody {
  getReader(): FetchBodyReader;
}

export interface FetchBodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}
