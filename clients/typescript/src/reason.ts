/** notSent are reasons after which nothing was sent: those of Node.js, Bun and Deno. */
export const notSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "ENETDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
  "ConnectionRefused",
  "FailedToOpenSocket",
  "EDNS",
]);
const certificate = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|UNKNOWN_CERT)/;
const noTLS = /^(EPROTO$|ERR_SSL_(WRONG_VERSION|UNSUPPORTED_PROTOCOL|PACKET_LENGTH))/;

/** isFinal tells whether another try does not change the reason: an untrusted certificate, or no TLS at all. */
export function isFinal(reason: string): boolean {
  return certificate.test(reason) || noTLS.test(reason);
}

/** reasonOf is the code of an error of fetch. Its texts may quote what was sent or read. */
export function reasonOf(error: unknown): string {
  let at: unknown = error;
  for (let depth = 0; depth < 4 && typeof at === "object" && at !== null; depth++) {
    const { code, cause, errors } = at as { code?: unknown; cause?: unknown; errors?: unknown[] };
    if (typeof code === "string" && /^[A-Za-z0-9_]{1,64}$/.test(code)) return code;
    at = cause ?? errors?.[0];
  }
  // Deno has no codes.
  const { message, cause } = error instanceof Error ? error : new Error();
  const text = `${message} ${cause instanceof Error ? cause.message : ""}`;
  if (/connection refused/i.test(text)) return "ECONNREFUSED";
  if (/dns error|failed to lookup/i.test(text)) return "ENOTFOUND";
  if (/invalid peer certificate|certificate verify failed/i.test(text)) return "CERT_UNTRUSTED";
  return "";
}
