import { hide } from "../redact.js";
import type { CallOptions } from "../send.js";
import type { Body, Schemas } from "../types.js";
import { Service } from "./service.js";

/** Auth signs people up and in, and changes their passwords. */
export class Auth extends Service {
  /** signUp creates a user. */
  signUp(body: Body<"signUp">, options?: CallOptions) {
    return this.none({ operation: "signUp", body, options });
  }

  /** confirmEmail confirms an address, by the token of the link. */
  confirmEmail(token: string, options?: CallOptions) {
    return this.none({ operation: "confirmEmail", body: { token }, options });
  }

  /** forgotPassword sends a link by which a new password can be chosen. */
  forgotPassword(email: string, options?: CallOptions) {
    return this.none({ operation: "forgotPassword", body: { email }, options });
  }

  /** resetPassword sets a password, by the token of the link. */
  resetPassword(body: Body<"resetPassword">, options?: CallOptions) {
    return this.none({ operation: "resetPassword", body, options });
  }

  /** changePassword sets the caller's password. */
  changePassword(body: Body<"changePassword">, options?: CallOptions) {
    return this.none({ operation: "changePassword", body, options });
  }

  /** obtainToken signs in by username for a token, as Django REST Framework's obtain_auth_token. */
  async obtainToken(username: string, password: string, code?: string, options?: CallOptions) {
    const body = { username, password, ...(code === undefined ? {} : { code }) };
    const told = await this.call({ operation: "obtainToken", body, options });
    return hide(told as Schemas["ObtainedToken"], "token");
  }

  /** obtainTokenPair signs in by e-mail address for a pair of signed tokens, as SimpleJWT. */
  async obtainTokenPair(email: string, password: string, code?: string, options?: CallOptions) {
    const body = { email, password, ...(code === undefined ? {} : { code }) };
    const told = await this.call({ operation: "obtainToken", body, options });
    return hide(told as Schemas["TokenPair"], "access", "refresh");
  }

  /** refreshTokenPair exchanges a refresh token. */
  async refreshTokenPair(refresh: string, options?: CallOptions) {
    return hide(await this.call({ operation: "refreshToken", body: { refresh }, options }), "access", "refresh");
  }

  /** verifyToken throws unless the signed token is valid. */
  verifyToken(token: string, options?: CallOptions) {
    return this.none({ operation: "verifyToken", body: { token }, reads: true, options });
  }

  /** endTokenPair ends a refresh token and what came of it. */
  endTokenPair(refresh: string, options?: CallOptions) {
    return this.none({ operation: "blacklistToken", body: { refresh }, options });
  }
}
