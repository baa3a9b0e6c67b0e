// Writes src/openapi.ts (types) and src/operations.ts (what each operation is asked with)
// from openapi.yaml. With a folder as argument it writes there; a test compares.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import { parse } from "yaml";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const into = process.argv[2] ?? join(root, "src");
const contract = join(root, "../../openapi.yaml");
const methods = ["get", "put", "post", "patch", "delete"];

const text = await readFile(contract, "utf8");
const document = parse(text, { maxAliasCount: -1 });

/** lean leaves examples out: they are most of the text, and the contract has them. */
function lean(value, isMap = false) {
  if (Array.isArray(value)) return value.map((entry) => lean(entry));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => isMap || (name !== "example" && name !== "examples"))
      .map(([name, entry]) => [name, lean(entry, name === "properties")]),
  );
}

const types = astToString(await openapiTS(lean(document), { defaultNonNullable: false }));

/** resolve follows a reference to a parameter. */
function resolve(parameter) {
  const at = parameter.$ref?.split("/").slice(1);
  return at === undefined ? parameter : at.reduce((value, name) => value[name], document);
}

const lines = [];
for (const [path, item] of Object.entries(document.paths)) {
  for (const method of methods.filter((name) => item[name] !== undefined)) {
    const operation = item[method];
    const names = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((p) => resolve(p).name);
    const takes = [names.includes("Idempotency-Key") ? "idempotencyKey" : "", names.includes("If-Match") ? "ifMatch" : ""].filter(Boolean);
    const takesText = takes.length === 0 ? "" : `, takes: [${takes.map((t) => `"${t}"`).join(", ")}]`;
    const open = operation.security?.length === 1 && Object.keys(operation.security[0]).length === 0;
    const openText = open ? ", anonymous: true" : "";
    lines.push(`  ${operation.operationId}: { method: "${method.toUpperCase()}", path: "${path}"${takesText}${openText} },`);
  }
}
const note = "// Made from openapi.yaml by scripts/generate.mjs; do not edit.\n";
const table = `${note}
/** Operation is how one operation of the contract is asked. */
export interface Operation {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly takes?: readonly ("idempotencyKey" | "ifMatch")[];
  /** anonymous operations need no credential. */
  readonly anonymous?: true;
}

/** operations are those of the contract, by operationId. */
export const operations = {
${lines.join("\n")}
} as const satisfies Record<string, Operation>;

/** contractVersion is the version of the contract that the types were made from. */
export const contractVersion = ${JSON.stringify(document.info.version)};
`;
await mkdir(into, { recursive: true });
await writeFile(join(into, "openapi.ts"), note + types);
await writeFile(join(into, "operations.ts"), table);
