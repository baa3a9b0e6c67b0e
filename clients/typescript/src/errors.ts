/**
 * ErrorKind classifies a failed call.
 *
 * Answers of Latchkey: `invalid` (400, 422: see `fields`), `unauthenticated` (401),
 * `forbidden` (403), `not_found` (404, or the caller may not see it), `conflict` (409),
 * `stale` (412: If-Match no longer holds), `too_large` (413), `limited` (429: see
 * `retryAfterMs`), `internal` (500), `unavailable` (503), `unexpected` (any other status).
 *
 * No answer of Latchkey: `unreachable` (no connection; nothing was sent), `timed_out`,
 * `canceled` (by the caller's signal), `broken` (sent, but the answer is missing or cut off),
 * `bad_answer` (not Latchkey's: another media type, too long, no JSON, a redirect), `misused`
 * (by the caller; nothing was sent), `secret_lost` (created, but the one answer with the
 * secret was lost; `created` has the object).
 */
export type ErrorKind =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "stale"
  | "too_large"
  | "limited"
  | "internal"
  | "unavailable"
  | "unexpected"
  | "unreachable"
  | "timed_out"
  | "canceled"
  | "broken"
  | "bad_answer"
  | "misused"
  | "secret_lost";

/** FieldError is one fault of a request. Its code identifies the fault in every language. */
export interface FieldError {
  readonly field: string;
  readonly code?: string;
  readonly detail: string;
}

/** ErrorDetails are the members of a LatchkeyError. */
export interface ErrorDetails {
  kind: ErrorKind;
  operation?: string;
  status?: number;
  code?: string;
  title?: string;
  detail?: string;
  instance?: string;
  requestId?: string;
  fields?: readonly FieldError[];
  missingScopes?: readonly string[];
  retryAfterMs?: number;
  contentType?: string;
  tries?: number;
  reason?: string;
  created?: unknown;
}

/**
 * LatchkeyError is a failed call. It has no secret, no URL, no body and no cause: those of
 * fetch may quote any of them.
 */
export class LatchkeyError extends Error {
  override readonly name = "LatchkeyError";
  readonly kind: ErrorKind;
  /** Such as "POST /api/keys/{id}/rotate". */
  readonly operation: string;
  /** 0 if there was no answer. */
  readonly status: number;
  /** The stable name of the error, such as too_many_keys; "" if there is none. */
  readonly code: string;
  readonly title: string;
  /** For people. */
  readonly detail: string;
  readonly instance: string;
  /** It appears in the service's log. */
  readonly requestId: string;
  readonly fields: readonly FieldError[];
  readonly missingScopes: readonly string[];
  /** 0 if the answer does not say. */
  readonly retryAfterMs: number;
  /** Of an answer that is not Latchkey's. */
  readonly contentType: string;
  /** How often the request was sent. */
  readonly tries: number;
  /** Why there was no answer, such as ECONNREFUSED. */
  readonly reason: string;
  /** With `secret_lost`: the object that was created. */
  declare readonly created: unknown;

  constructor(details: ErrorDetails) {
    super(messageOf(details));
    this.kind = details.kind;
    this.operation = details.operation ?? "";
    this.status = details.status ?? 0;
    this.code = details.code ?? "";
    this.title = details.title ?? "";
    this.detail = details.detail ?? "";
    this.instance = details.instance ?? "";
    this.requestId = details.requestId ?? "";
    this.fields = details.fields ?? [];
    this.missingScopes = details.missingScopes ?? [];
    this.retryAfterMs = details.retryAfterMs ?? 0;
    this.contentType = details.contentType ?? "";
    this.tries = details.tries ?? 0;
    this.reason = details.reason ?? "";
    Object.defineProperty(this, "created", { value: details.created, enumerable: false });
  }

  /**
   * with returns the error with other details.
   * @internal
   */
  with(details: Partial<ErrorDetails>): LatchkeyError {
    const { kind, operation, status, code, title, detail, instance, requestId, fields, missingScopes } = this;
    const { retryAfterMs, contentType, tries, reason, created } = this;
    const own = { kind, operation, status, code, title, detail, instance, requestId, fields, missingScopes };
    return new LatchkeyError({ ...own, retryAfterMs, contentType, tries, reason, created, ...details });
  }

  /** temporary tells whether the same call may work later. */
  get temporary(): boolean {
    switch (this.kind) {
      case "limited":
      case "internal":
      case "unavailable":
      case "unreachable":
      case "timed_out":
      case "broken":
        return true;
      default:
        return this.status >= 502 && this.status <= 504; // of a proxy
    }
  }
}

/** isKind tells whether the error is a LatchkeyError of one of the kinds. */
export function isKind(error: unknown, ...kinds: ErrorKind[]): error is LatchkeyError {
  return error instanceof LatchkeyError && kinds.includes(error.kind);
}

function messageOf(e: ErrorDetails): string {
  const parts = ["latchkey"];
  if (e.operation) parts.push(e.operation);
  const what = [e.status ? `${String(e.status)} ` : "", e.code !== undefined && e.code !== "" ? e.code : e.kind.replace("_", " ")].join("");
  parts.push(what);
  if (e.detail) parts.push(e.detail);
  if (e.fields && e.fields.length > 0) parts.push(e.fields.map((f) => `${f.field} ${f.detail}`).join(", "));
  if (e.reason) parts.push(e.reason);
  let text = parts.join(": ");
  if (e.tries !== undefined && e.tries > 1) text += ` (tried ${String(e.tries)} times)`;
  if (e.requestId) text += ` (request ${e.requestId})`;
  return text;
}

/** kindOf is the kind of an answer of Latchkey with the status. */
export function kindOf(status: number): ErrorKind {
  const kinds: Record<number, ErrorKind> = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    412: "stale",
    413: "too_large",
    422: "invalid",
    429: "limited",
    500: "internal",
    503: "unavailable",
  };
  return kinds[status] ?? "unexpected";
}
