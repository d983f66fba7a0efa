/** What the command line does with errors: whose fault each is, and with which code the process ends. */
import { CommanderError } from 'commander';

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
  /** @param result what the command found out all the same, for `--json` */
  constructor(
    message: string,
    readonly result: object = {},
  ) {
    super(message);
  }
}

/** Ctrl-C; what was done is saved. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** Errors of the other packages that say that the work could not be done, though it was asked for rightly. */
const failures = new Set([
  'CheckError',
  'BackendSelfTestError',
  'DeviceError',
  'DeviceLostError',
  'ShaderError',
  'DeviceOutOfMemoryError',
  'TensorTooLargeError',
  'StateRangeError',
  'RebuildError',
  'NonFiniteLossError',
  'CheckpointWriteError',
  'EmptyDataError',
  'NoDecoderError',
  'ExportMismatchError',
]);

/** Errors that the engine or JavaScript itself throws when a program is wrong. */
const faults = new Set(['TypeError', 'ReferenceError', 'SyntaxError', 'AssertionError', 'PullbackSpentError']);

/** Codes of file-system errors that no change of the command line mends. */
const deviceCodes = new Set(['ENOSPC', 'EDQUOT', 'EIO']);

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof Error)) return exitCodes.internal;
  // The step that failed is told; what failed in it decides.
  if (error.name === 'StepFailedError' && error.cause) return exitCodeOf(error.cause);
  if (error instanceof CommanderError) return exitCodes.usage;
  if (error.name === 'InterruptedError') return exitCodes.interrupted;
  if (faults.has(error.name)) return exitCodes.internal;
  const code = systemCode(error);
  if (failures.has(error.name) || (code !== undefined && deviceCodes.has(code))) return exitCodes.failed;
  // A plain Error says neither; the work was not done.
  return error.name === 'Error' && code === undefined ? exitCodes.failed : exitCodes.usage;
}

/** The line that tells the user of an error. */
export function explain(error: unknown, code = exitCodeOf(error)): string {
  const text = error instanceof Error ? error.message : String(error);
  if (code === exitCodes.interrupted) return text;
  const line = `error: ${asOption(error, text.replace(/^error: /, ''))}`;
  return code === exitCodes.internal
    ? `${line}\nThis is a fault of dr2net, not of your input. Run the command again with --debug and report what it shows.`
    : line;
}

/** Options of a model have the same names as ours, without the dashes: `depth 9 does not fit: …`. */
const asOption = (error: unknown, text: string) =>
  error instanceof Error && error.name === 'ModelOptionError'
    ? text.replace(/^(?=(depth|frames|size|tubelet|pooling|classes) )/, '--')
    : text;

/** `ENOENT` and the like, of the error or of what caused it. */
function systemCode(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return error.cause instanceof Error ? systemCode(error.cause) : undefined;
}
