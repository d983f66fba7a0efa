/** Ctrl-C and SIGTERM as an AbortSignal, so that a queue of child processes ends in order. */

export interface Interruption {
  readonly signal: AbortSignal;
  /** Takes the handlers off. */
  dispose(): void;
}

/** Thrown where a job stopped because the user asked for it. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  constructor(readonly by: NodeJS.Signals) {
    super(`Interrupted by ${by}.`);
  }

  /** The exit code that shells give to a process ended by this signal. */
  get exitCode(): number {
    return by(this.by);
  }
}

function by(signal: NodeJS.Signals): number {
  return 128 + (signal === 'SIGTERM' ? 15 : signal === 'SIGHUP' ? 1 : 2);
}

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The first signal aborts, with an {@link InterruptedError} as reason; a second one ends this process at once. */
export function onInterrupt(): Interruption {
  const controller = new AbortController();
  const handle = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(by(signal));
    controller.abort(new InterruptedError(signal));
  };
  for (const signal of signals) process.on(signal, handle);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}
