/** What the command line does with errors: whose fault each is, and with which code the process ends. */

/** The exit codes of `dr2net`, as its README and `--help` state them. */
export const exitCodes = {
  ok: 0,
  /** A check failed, or training could not go on (a loss that is not finite, a full disk, too little memory). */
  failed: 1,
  /** An option, a path or a file that can't be used. */
  usage: 2,
  /** A fault of dr2net itself. */
  internal: 70,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** Bad usage or input: the message names the value and what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A check that this command makes did not pass. */
export class CheckError extends Error {
  override readonly name = 'CheckError';
}

/** Ctrl-C; what was done is saved. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}
