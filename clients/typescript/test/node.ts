// A node that answers edges as a test says.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { digestOf, markOf } from "../dist/edge/digest.js";
import { listen } from "./fake.js";
import { pause } from "./service.js";

export const key = "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR1QNxu1";
export const edgeKey = "lk_live_feeder";

export type Message = Record<string, unknown>;
export type Reply = (question: Message, response: ServerResponse, request: IncomingMessage) => unknown;

/** Node is a node that answers as its members say. */
export class Node {
  epoch = "E1";
  place = 1;
  ageMs = 0;
  maxStaleMs = 300_000;
  changesAfterMs = 0;
  readonly asked: { path: string; question: Message }[] = [];
  readonly #waiting: { response: ServerResponse; after: number }[] = [];
  readonly #marks: { place: number; mark: string }[] = [];
  #all = 0;
  url = "";
  grant: Message = grantOf();
  readonly replies: Record<string, Reply> = {
    "/edge/v1/changes": async (question, response) => {
      if (question["leave"] === true) return {};
      if (this.changesAfterMs > 0 && question["wait_ms"] === 0) await pause(this.changesAfterMs);
      if (question["wait_ms"] === 0 || question["epoch"] !== this.epoch || Number(question["after"]) < this.place)
        return this.changes(question);
      this.#waiting.push({ response, after: Number(question["after"]) });
      return undefined;
    },
    "/edge/v1/grant": (question, response) =>
      question["digest"] === digestOf(key) ? { epoch: this.epoch, ...this.grant } : notFound(response),
    "/edge/v1/limit": () => ({ decision: allowed }),
    "/edge/v1/lease": (question) => ({
      shares: (question["shares"] as unknown[]).map(() => ({ amount: 0, left: 0, used: 0, began: 1, exact_ms: 60_000 })),
    }),
    "/edge/v1/usage": () => ({}),
  };

  async begin(): Promise<this> {
    this.url = `http://${await listen(
      createServer((request, response) => {
        void this.#answer(request, response);
      }),
    )}`;
    return this;
  }

  changes({ epoch, after: from }: Message): Message {
    const since = epoch === this.epoch ? Number(from) : 0;
    const marks = this.#marks
      .filter(({ place }) => place > since)
      .map(({ mark }) => mark)
      .join("");
    return {
      epoch: this.epoch,
      place: this.place,
      marks: Buffer.from(marks, "hex").toString("base64").replace(/=+$/, ""),
      all: this.#all > since,
      age_ms: this.ageMs,
      max_stale_ms: this.maxStaleMs,
      brand: "lk",
      a_member_of_tomorrow: { x: 1 },
    };
  }

  /** change tells of a change of the object with the id; of anything without one. */
  change(id?: string): void {
    this.place++;
    if (id === undefined) this.#all = this.place;
    else this.#marks.push({ place: this.place, mark: markOf(id) });
    for (const { response, after: from } of this.#waiting.splice(0)) reply(response, this.changes({ epoch: this.epoch, after: from }));
  }

  count(path: string): number {
    return this.asked.filter((asked) => asked.path === path).length;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const path = request.url ?? "";
    const question = JSON.parse(Buffer.concat(parts).toString()) as Message;
    this.asked.push({ path, question });
    assert.equal(request.headers["x-api-key"], edgeKey);
    const told: unknown = await this.replies[path]?.(question, response, request);
    if (told !== undefined) reply(response, told);
  }
}

export function reply(response: ServerResponse, told: unknown, status = 200): void {
  if (response.writableEnded) return;
  response.writeHead(status, { "Content-Type": status === 200 ? "application/json" : "application/problem+json" });
  response.end(JSON.stringify(told));
}

export function notFound(response: ServerResponse): undefined {
  reply(response, { status: 404, code: "not_found", detail: "there is no such key" }, 404);
}

const rule = { Requests: 1_000, Per: 1e9, Burst: 1_000 };
export const allowed = {
  allowed: true,
  refused: "",
  never: false,
  retry_after: 0,
  has_key: true,
  key: { limit: 1_000, remaining: 999, reset_after: 1e6 },
};

export function grantOf(more: Message = {}, of: Message = {}): Message {
  return {
    key: {
      id: "key_1",
      organization_id: "org_1",
      service_account_id: "sa_1",
      environment: "live",
      start: "",
      last4: "",
      name: "CI",
      scopes: null,
      disabled: false,
      ...more,
    },
    account: { id: "sa_1", organization_id: "org_1", name: "Acme", tier: "free", scopes: ["invoices:*"], disabled: false, ...of },
    organization: { id: "org_1", name: "", disabled: false },
    tier: { name: "free", title: "", rate_limit: rule, max_keys: 10 },
  };
}

export const gone = () => grantOf({ revoked_at: "2026-11-29T12:00:00Z" });
