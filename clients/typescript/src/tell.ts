/**
 * tell calls whoever wants to hear of the error. Their own faults change no decision and do not
 * end the process, also those of an async function.
 */
export function tell(listener: ((error: unknown) => unknown) | undefined, error: unknown): void {
  try {
    Promise.resolve(listener?.(error)).catch(() => undefined);
  } catch {
    // as above
  }
}
