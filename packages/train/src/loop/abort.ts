/** Errors of a run that was told to stop. */

/** Whether an error is how someone says that the signal stopped it. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}
