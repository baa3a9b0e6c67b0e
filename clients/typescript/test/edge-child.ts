// An edge in a process of its own, which tests suspend: it answers each key on a line with its code.
import { createInterface } from "node:readline";
import { Edge } from "@latchkey/client/edge";

const edge = await Edge.start({ upstream: process.env["UPSTREAM"], key: process.env["EDGE_KEY"], name: "child" });
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  edge.verify({ key: line, cost: 0 }).then(
    (verdict) => {
      console.log(verdict.code);
    },
    (error: unknown) => {
      console.log(error instanceof Error ? error.message : "?");
    },
  );
}
await edge.close();
