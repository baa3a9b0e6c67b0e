// A server that answers as a test says, for what the real service does not do.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Latchkey, type Config } from "@latchkey/client";

export const secret = "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR1QNxu1";
export const now = Date.parse("2026-11-29T12:00:00Z");

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Fake is a server that notes what it was asked, and a client that notes how long it would wait. */
export interface Fake {
  readonly url: string;
  readonly client: Latchkey;
  readonly requests: IncomingMessage[];
  readonly waits: number[];
}

const servers = new Set<Server>();

/** closeAll ends all servers. */
export function closeAll(): void {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers.clear();
}

/** listen starts a server and returns its address. */
export function listen(server: Server): Promise<string> {
  servers.add(server);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(`127.0.0.1:${typeof address === "object" && address !== null ? String(address.port) : ""}`);
    });
  });
}

/** serve answers the first request by the first handler, and so on; the last answers the rest. */
export async function serve(config: Partial<Config>, ...handlers: Handler[]): Promise<Fake> {
  const requests: IncomingMessage[] = [];
  const waits: number[] = [];
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(requests.length, handlers.length - 1)];
    requests.push(request);
    request.resume();
    request.on("end", () => handler?.(request, response));
  });
  const url = `http://${await listen(server)}`;
  const client = new Latchkey(
    { url, ...config },
    {
      now: () => now,
      random: () => 0,
      sleep: (ms, signal) => {
        waits.push(ms);
        return signal.aborted ? Promise.reject(new Error("aborted")) : Promise.resolve();
      },
    },
  );
  return { url, client, requests, waits };
}

/** reply answers with the status, the body and the headers. */
export function reply(status: number, body: string, headers: Record<string, string> = {}): Handler {
  return (_request, response) => {
    const type = status >= 400 ? "application/problem+json" : "application/json";
    const all = Object.entries({ "Content-Type": type, ...headers }).filter(([, value]) => value !== "");
    response.writeHead(status, Object.fromEntries(all));
    response.end(body);
  };
}

/** problem answers with a problem document. */
export function problem(status: number, code: string, headers: Record<string, string> = {}): Handler {
  const document = {
    type: "urn:latchkey:problem:x",
    title: "T",
    status,
    code,
    detail: "what is wrong",
    instance: "urn:latchkey:request:REQ-1",
  };
  return reply(status, JSON.stringify(document), headers);
}

/** cut breaks the connection. */
export const cut: Handler = (request) => {
  request.socket.destroy();
};
