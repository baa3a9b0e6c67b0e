const redacted = "[redacted]";

/** Names under which Node.js, Bun and Deno look for what to print of an object. */
const inspectors = [Symbol.for("nodejs.util.inspect.custom"), Symbol.for("Deno.customInspect")];

/**
 * hide makes printing and logging the object show [redacted] in place of the members. Its
 * JSON still has them: whoever asked for the object has to be able to store it.
 */
export function hide<T extends object>(object: T, ...members: (keyof T & string)[]): T {
  const shown = () => {
    const copy = { ...object } as Record<string, unknown>;
    for (const member of members) {
      if (copy[member] !== undefined) copy[member] = redacted;
    }
    return copy;
  };
  for (const inspector of inspectors) {
    Object.defineProperty(object, inspector, { value: shown, enumerable: false });
  }
  return object;
}

export { inspectors, redacted };
