import { LatchkeyError } from "../errors.js";
import { Credential } from "../credential.js";
import type { CallOptions } from "../send.js";
import type { Body, Result } from "../types.js";
import { Service } from "./service.js";

/** Sessions are sign-ins as a browser makes them. */
export class Sessions extends Service {
  /** signIn begins a session and returns who signed in, and the session as a credential. */
  async signIn(body: Body<"signIn">, options?: CallOptions): Promise<{ user: Result<"signIn">; credential: Credential }> {
    const { answer, value } = await this.send({ operation: "signIn", body, options });
    const cookies = new Map<string, string>();
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, text] = /^([^=;\s]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && text !== undefined) cookies.set(name, text);
    }
    const session = cookies.get("sessionid");
    if (session === undefined) {
      throw new LatchkeyError({ kind: "bad_answer", operation: "POST /api/session", status: answer.status, detail: "no session" });
    }
    const credential = Credential.of("session", cookies.get("csrftoken") ?? "", session);
    return { user: value as Result<"signIn">, credential };
  }

  /** get returns the session of the caller. */
  get(options?: CallOptions) {
    return this.call({ operation: "getSession", options });
  }

  /** signOut ends the session of the caller. */
  signOut(options?: CallOptions) {
    return this.none({ operation: "signOut", options });
  }

  /** confirm confirms the password, which allows for ten minutes what outlasts the session. */
  confirm(password: string, options?: CallOptions) {
    return this.call({ operation: "confirmSession", body: { password }, options });
  }

  /** list returns the caller's sessions. */
  list(options?: CallOptions) {
    return this.items({ operation: "listSessions", options });
  }

  /** end ends one of the caller's sessions. */
  end(id: string, options?: CallOptions) {
    return this.none({ operation: "endSession", params: [id], options });
  }

  /** endAll ends all of the caller's sessions, or all others. */
  endAll(keepCurrent = false, options?: CallOptions) {
    return this.none({ operation: "signOutEverywhere", query: keepCurrent ? { keep_current: true } : undefined, options });
  }
}
