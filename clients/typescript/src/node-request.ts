import type { Caller } from "./caller.js";

/** NodeRequest is what is read of an IncomingMessage of Node.js. */
export interface NodeRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders?: readonly string[] | undefined;
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined;
}

/** NodeResponse is what is watched of a ServerResponse of Node.js. */
export interface NodeResponse {
  readonly writableEnded: boolean;
  once(event: "close", listener: () => void): unknown;
  off(event: "close", listener: () => void): unknown;
}

/**
 * withCaller decides for a request of Node.js, and gives up when the client has gone. Headers are
 * read as they were sent: Node.js itself drops the second of two Authorization headers.
 */
export async function withCaller<T>(request: NodeRequest, response: NodeResponse, work: (caller: Caller) => Promise<T>): Promise<T> {
  const gone = new AbortController();
  const leave = () => {
    if (!response.writableEnded) gone.abort();
  };
  response.once("close", leave);
  try {
    return await work({
      header: (name) => headerOf(request, name),
      remoteAddress: request.socket?.remoteAddress,
      signal: gone.signal,
    });
  } finally {
    response.off("close", leave);
  }
}

function headerOf(request: NodeRequest, name: string): string[] {
  const raw = request.rawHeaders ?? [];
  const values = raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name);
  if (values.length > 0) return values;
  const value = request.headers[name];
  return value === undefined ? [] : [value].flat();
}
