import { inspectors, redacted } from "./redact.js";

type Scheme = "key" | "token" | "bearer" | "basic" | "session";

/**
 * Credential authenticates requests. It never shows its secret: printing, logging or
 * encoding it gives [redacted].
 */
export class Credential {
  readonly #scheme: Scheme;
  readonly #name: string;
  readonly #secret: string;

  private constructor(scheme: Scheme, name: string, secret: string) {
    if (secret === "" || (scheme !== "basic" && unprintable.test(secret + name))) {
      throw new TypeError("latchkey: the credential is empty or has characters that no header can carry");
    }
    if (scheme === "basic" && name.includes(":")) {
      throw new TypeError("latchkey: no user of HTTP Basic has a colon in their name");
    }
    this.#scheme = scheme;
    this.#name = name;
    this.#secret = secret;
    for (const inspector of inspectors) {
      Object.defineProperty(this, inspector, { value: () => redacted, enumerable: false });
    }
  }

  /** @internal */
  static of(scheme: Scheme, name: string, secret: unknown): Credential {
    return new Credential(scheme, name, typeof secret === "string" ? secret : "");
  }

  /** toString returns [redacted]. */
  toString(): string {
    return redacted;
  }

  /** toJSON returns [redacted]. */
  toJSON(): string {
    return redacted;
  }

  /**
   * authorize adds the credential to the headers of a request.
   * @internal
   */
  authorize(headers: Headers): void {
    switch (this.#scheme) {
      case "key":
        headers.set("X-API-Key", this.#secret);
        break;
      case "token":
        headers.set("Authorization", `Token ${this.#secret}`);
        break;
      case "bearer":
        headers.set("Authorization", `Bearer ${this.#secret}`);
        break;
      case "basic":
        headers.set("Authorization", `Basic ${base64(`${this.#name}:${this.#secret}`)}`);
        break;
      case "session":
        headers.set("Cookie", `sessionid=${this.#secret}; csrftoken=${this.#name}`);
        headers.set("X-CSRFToken", this.#name);
    }
  }

  /**
   * secretOf returns the secret, for the form of an OAuth request.
   * @internal
   */
  static secretOf(credential: Credential): string {
    return credential.#secret;
  }
}

/** apiKey is a key of a service account. Verifiers need one with the scope latchkey:verify. */
export function apiKey(secret: string | undefined): Credential {
  return Credential.of("key", "", secret);
}

/** userToken is a personal token of a user. */
export function userToken(secret: string | undefined): Credential {
  return Credential.of("token", "", secret);
}

/** bearerToken is a signed token of a user or service account. */
export function bearerToken(secret: string | undefined): Credential {
  return Credential.of("bearer", "", secret);
}

/** password is a user's password with their username or e-mail address, sent by HTTP Basic. */
export function password(user: string, secret: string | undefined): Credential {
  return Credential.of("basic", user, secret);
}

const unprintable = /[^\x21-\x7e]/;

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}
