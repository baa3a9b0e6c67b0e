/**
 * The client of Latchkey: it verifies keys with `Latchkey.verify`, and covers the whole
 * management API. Make one `Latchkey` and share it. Middleware and edge mode are in entries of
 * their own. This one needs fetch and nothing else.
 * @packageDocumentation
 */
export { Latchkey } from "./client.js";
export type { Config } from "./config.js";
export { apiKey, bearerToken, password, userToken, type Credential } from "./credential.js";
export { isKind, LatchkeyError, type ErrorKind, type FieldError } from "./errors.js";
export type { Page } from "./page.js";
export type { CallOptions, Clock, OperationId } from "./send.js";
export type { OAuthClient } from "./services/oauth.js";
export type { Body, Query, Result, Schemas, Tagged } from "./types.js";
export {
  statusOf,
  type Code,
  type KnownCode,
  type LimitState,
  type Metadata,
  type Question,
  type QuotaState,
  type Verdict,
  type VerifiedAccount,
  type Verifier,
  type VerifyStep,
} from "./verdict.js";
export { version } from "./version.js";
