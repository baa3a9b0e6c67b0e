import { LatchkeyError, kindOf, type ErrorDetails, type FieldError } from "./errors.js";

/** Answer is a response with its whole body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** TooLong is thrown for a body that is longer than it may be. */
export class TooLong extends Error {}

/** read reads the response, up to most bytes. */
export async function read(response: Response, most: number): Promise<Answer> {
  const { status, headers } = response;
  if (response.body === null) {
    return { status, headers, body: new Uint8Array() };
  }
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > most) {
      reader.cancel().catch(() => undefined); // nobody waits for it
      throw new TooLong();
    }
    parts.push(value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.byteLength;
  }
  return { status, headers, body };
}

/** Expected says what a good answer looks like. */
export interface Expected {
  /** The answer is not JSON and is returned as bytes. */
  raw?: boolean;
  /** The answer has no body that matters. */
  empty?: boolean;
  /** Errors may have the format of OAuth. */
  oauth?: boolean;
  /** Whether an answer that is not 2xx is read like one that is. */
  refusals?: (answer: Answer) => boolean;
}

/** judge returns what the answer says, or throws why it is none. */
export function judge(answer: Answer, expected: Expected, now: number): unknown {
  const { status } = answer;
  if ((status >= 200 && status < 300) || expected.refusals?.(answer)) {
    return decode(answer, expected);
  }
  if ((status >= 300 && status < 400) || status === 0) {
    throw badAnswer(answer, "a redirect, which is not followed; the url may name another address than the service has");
  }
  const retryAfterMs = retryAfter(answer.headers, now);
  if (!isJSON(answer)) {
    throw badAnswer(answer, "not Latchkey's; something in between may have answered", { retryAfterMs });
  }
  throw problem(answer, expected.oauth ?? false, retryAfterMs);
}

function decode(answer: Answer, expected: Expected): unknown {
  if (expected.raw) return answer.body;
  if (expected.empty || answer.status === 204) return undefined;
  if (!isJSON(answer)) {
    throw badAnswer(answer, "not JSON; something in between may have answered");
  }
  const value = parse(answer.body);
  if (!isObject(value)) {
    throw badAnswer(answer, "not the JSON that belongs here");
  }
  const etag = answer.headers.get("ETag");
  if (etag !== null) Object.defineProperty(value, "etag", { value: etag, enumerable: false });
  return value;
}

/** parse returns the JSON, or undefined. The errors of JSON.parse quote what they read. */
export function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** badAnswer is the error for an answer that is not Latchkey's. No part of it is repeated. */
export function badAnswer(answer: Answer, detail: string, more: Partial<ErrorDetails> = {}): LatchkeyError {
  const type = mediaType(answer.headers);
  const length = `${String(answer.body.byteLength)} bytes`;
  return new LatchkeyError({
    kind: "bad_answer",
    status: answer.status,
    contentType: type,
    requestId: requestIdOf(answer.headers),
    detail: `${detail} (${type === "" ? "no Content-Type" : type}, ${length})`,
    ...more,
  });
}

/** problem reads a problem document or, for OAuth, its error. Other JSON is not Latchkey's. */
function problem(answer: Answer, oauth: boolean, retryAfterMs: number): LatchkeyError {
  const { status, headers } = answer;
  const value = parse(answer.body);
  const text = (name: string) => (isObject(value) && typeof value[name] === "string" ? value[name] : "");
  if (mediaType(headers) === "application/problem+json" && text("code") !== "") {
    const instance = text("instance");
    const prefix = "urn:latchkey:request:";
    return new LatchkeyError({
      kind: kindOf(status),
      status,
      code: text("code"),
      title: text("title"),
      detail: text("detail"),
      instance,
      requestId: instance.startsWith(prefix) ? instance.slice(prefix.length) : requestIdOf(headers),
      fields: fieldsOf(isObject(value) ? value["errors"] : undefined),
      missingScopes: texts(isObject(value) ? value["missing_scopes"] : undefined),
      retryAfterMs,
    });
  }
  if (oauth && text("error") !== "") {
    return new LatchkeyError({
      kind: kindOf(status),
      status,
      code: text("error"),
      detail: text("error_description"),
      requestId: requestIdOf(headers),
      retryAfterMs,
    });
  }
  return badAnswer(answer, "no problem document; something in between may have answered", { retryAfterMs });
}

function fieldsOf(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((f) => ({
    field: String(f["field"]),
    detail: String(f["detail"]),
    ...(typeof f["code"] === "string" ? { code: f["code"] } : {}),
  }));
}

/** texts returns the list of strings, without anything else. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function requestIdOf(headers: Headers): string {
  return headers.get("X-Request-Id") ?? "";
}

export function mediaType(headers: Headers): string {
  return (headers.get("Content-Type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

export function isJSON(answer: Answer): boolean {
  const type = mediaType(answer.headers);
  return type === "application/json" || type.endsWith("+json");
}

/** Nobody waits longer. */
const longest = 100 * 365 * 24 * 3600 * 1000;

/**
 * retryAfter reads Retry-After, in seconds or as a date; 0 if there is none. A date counts from
 * the answer's own Date, as clocks differ.
 */
export function retryAfter(headers: Headers, now: number): number {
  const value = headers.get("Retry-After")?.trim() ?? "";
  if (/^[+-]?\d+$/.test(value)) {
    return Math.min(Math.max(0, Number(value) * 1000), longest);
  }
  const at = httpDate(value);
  if (at === undefined) return 0;
  const from = httpDate(headers.get("Date") ?? "") ?? now;
  return Math.min(Math.max(0, at - from), longest);
}

/** httpDate reads what begins like "Sun, 06 Nov 1994": Date.parse takes much that is no date. */
function httpDate(text: string): number | undefined {
  const at = /^[A-Z][a-z]{2,8},? .*\d{2}:\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
