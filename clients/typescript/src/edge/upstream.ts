import { isObject, mediaType, parse, read, TooLong, type Answer } from "../answer.js";
import { baseOf } from "../config.js";
import { LatchkeyError } from "../errors.js";
import { inspectors, redacted } from "../redact.js";
import { version } from "../version.js";

/** The most bytes of a message. */
const maxAnswer = 1 << 20;
export const askTimeoutMs = 2_000;

/** Fault is why a node did not answer as asked. */
export type Fault =
  | "unavailable" // it cannot be reached, or cannot answer now
  | "not_found" // there is no such key, or it is not this edge's to see
  | "no_path" // the node is of a version that does not have the path
  | "limited"
  | "refused" // the edge's own key
  | "too_large"
  | "invalid";

/** Unanswered is thrown if no node answered. Its message has neither the key nor what was sent. */
export class Unanswered extends Error {
  constructor(
    readonly fault: Fault,
    message: string,
  ) {
    super(`latchkey edge: ${message}`);
  }
}

/** Asking changes one question. */
export interface Asking {
  /** How long it may take in all. */
  timeoutMs?: number;
  /** How long one node may be silent before the next is asked, if there is another. */
  patienceMs?: number;
  signal?: AbortSignal;
}

/** Upstream is the nodes that feed the edge. It asks the one that answered last. */
export class Upstream {
  readonly #bases: readonly string[];
  readonly #key: string;
  readonly #fetch: typeof fetch;
  #current = 0;
  #refused: LatchkeyError | undefined;

  constructor(addresses: readonly string[], key: string, send: typeof fetch = fetch) {
    if (addresses.length === 0) throw new TypeError("latchkey edge: name at least one upstream");
    if (key === "" || /[^\x21-\x7e]/.test(key)) throw new TypeError("latchkey edge: the key is missing");
    this.#bases = addresses.map((address) => baseOf(address, false));
    this.#key = key;
    this.#fetch = send;
    for (const inspector of inspectors) Object.defineProperty(this, inspector, { value: () => redacted });
  }

  /** Why the nodes do not accept the edge's key; undefined while they do. */
  get refused(): LatchkeyError | undefined {
    return this.#refused;
  }

  get alone(): boolean {
    return this.#bases.length === 1;
  }

  /** ask asks the node that answered last, and the others in turn if it cannot be reached or cannot answer now. */
  async ask(path: string, question: unknown, asking: Asking = {}): Promise<unknown> {
    const body = JSON.stringify(question);
    const end = performance.now() + (asking.timeoutMs ?? askTimeoutMs);
    const first = this.#current;
    const all = this.#bases.length;
    const patience = all === 1 ? Infinity : (asking.patienceMs ?? Infinity);
    const faults: string[] = [];
    for (let i = 0; i < all; i++) {
      const at = (first + i) % all;
      try {
        const answer = await this.#send(at, path, body, Math.min(patience, end - performance.now()), asking.signal);
        this.#moveOn(first, at);
        return answer;
      } catch (error) {
        if (!(error instanceof Unanswered) || error.fault !== "unavailable") {
          this.#moveOn(first, at);
          throw error;
        }
        faults.push(error.message);
      }
      if (asking.signal?.aborted || performance.now() >= end) {
        // Those before it are silent; there was no time for the rest.
        if (i > 0) this.#moveOn(first, (at + 1) % all);
        break;
      }
    }
    throw new Unanswered("unavailable", [...new Set(faults)].join("; ").replaceAll("latchkey edge: ", ""));
  }

  /** askOne is ask, but asks only the node that answered last. */
  askOne(path: string, question: unknown, timeoutMs: number): Promise<unknown> {
    return this.#send(this.#current, path, JSON.stringify(question), timeoutMs, undefined);
  }

  /** moveOn makes it the node to ask, unless another question moved on meanwhile. */
  #moveOn(from: number, to: number): void {
    if (this.#current === from) this.#current = to;
  }

  async #send(at: number, path: string, body: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<unknown> {
    const controller = new AbortController();
    const give = () => {
      controller.abort();
    };
    const timer = setTimeout(give, Math.max(0, timeoutMs));
    if (signal?.aborted) give();
    signal?.addEventListener("abort", give, { once: true });
    let answer: Answer;
    try {
      const response = await this.#fetch((this.#bases[at] ?? "") + path, {
        method: "POST",
        body,
        headers: { "Content-Type": "application/json", "X-API-Key": this.#key, "User-Agent": `latchkey-typescript-edge/${version}` },
        redirect: "manual",
        signal: controller.signal,
      });
      answer = await read(response, maxAnswer);
    } catch (error) {
      const why = error instanceof TooLong ? "answered at too great length" : "cannot be reached";
      throw new Unanswered("unavailable", `the node ${why}`);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", give);
    }
    return this.#judge(answer, path);
  }

  /** judge reads the answer. One that is not a node's counts as none. */
  #judge(answer: Answer, path: string): unknown {
    const { status, headers, body } = answer;
    const type = mediaType(headers);
    if (status === 413) throw new Unanswered("too_large", "the message is too long"); // says a node, or a proxy before it
    if (status === 200 && type === "application/json") {
      const told = parse(body);
      if (!isObject(told)) throw new Unanswered("unavailable", "the node answered what cannot be read");
      this.#refused = undefined;
      return told;
    }
    const problem = type === "application/problem+json" ? parse(body) : undefined;
    if (!isObject(problem)) {
      throw new Unanswered("unavailable", `something else answers at the node's address: ${String(status)}, ${type || "no Content-Type"}`);
    }
    const code = String(problem["code"]);
    switch (status) {
      case 400:
        throw new Unanswered("invalid", `the node refuses the message: ${String(problem["detail"])}`);
      case 401:
      case 403: {
        const detail = `the node does not take the edge's key: ${String(problem["detail"])}`;
        this.#refused = new LatchkeyError({ kind: status === 401 ? "unauthenticated" : "forbidden", status, code, detail });
        throw new Unanswered("refused", detail);
      }
      case 404:
        if (code === "not_found") throw new Unanswered("not_found", "there is no such key");
        throw new Unanswered("no_path", `the node has no ${path}: it is of an earlier version`);
      case 429:
        throw new Unanswered("limited", "the node takes no more questions for now");
      default:
        throw new Unanswered("unavailable", `the node answered ${String(status)}, ${code}`);
    }
  }
}
