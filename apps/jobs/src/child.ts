/** One child process with its result on standard output and its progress on standard error. */
import { execa } from 'execa';
import { InterruptedError } from './interrupt.ts';
import { guardMemory } from './memory-guard.ts';

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the child when it aborts. */
  readonly signal?: AbortSignal;
  /** Receives standard error line by line. Default: it goes to our own standard error as it is. */
  readonly onLine?: (line: string) => void;
  /** How long an interrupted child may take to save and end, in milliseconds. Default 20 000. */
  readonly grace?: number;
  /** Bytes of the machine's memory that must be left: a child that leaves less is killed. Default 0: none is. */
  readonly leaveFree?: number;
}

/** A child that ended otherwise than well. */
export class ChildError extends Error {
  override readonly name = 'ChildError';
  constructor(
    command: string,
    readonly exitCode: number | undefined,
    /** The last lines of its standard error, where they were read. */
    readonly lastLines: string,
  ) {
    super(
      `${command} ended with ${exitCode === undefined ? 'a signal' : `exit code ${exitCode}`}${lastLines ? `:\n${lastLines}` : '.'}`,
    );
  }
}

const kept = 20;
/** Characters of a line that are kept: Node shows the whole line of source that threw, and a minified one is long. */
const lineLength = 300;

/**
 * Runs a Node script in a process of its own.
 *
 * On Ctrl-C in a terminal the child gets the signal by itself, as a member of the same group (a second one would end it
 * without saving); when `signal` aborts for another reason it is sent SIGINT. It has `grace` to save and end, then it is killed.
 *
 * @param args Node's own flags first, then the script and its arguments
 * @returns its standard output
 * @throws ChildError when it fails, InterruptedError when `signal` aborted, MemoryGuardError
 */
export async function runNode(args: readonly string[], options: ChildOptions = {}): Promise<string> {
  const { signal, onLine, grace = 20_000, leaveFree = 0 } = options;
  signal?.throwIfAborted();
  const child = execa(process.execPath, args, {
    ...(options.cwd && { cwd: options.cwd }),
    ...(options.env && { env: options.env }),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: onLine ? 'pipe' : 'inherit',
    maxBuffer: 256 * 1024 * 1024,
    reject: false,
  });
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    const reason: unknown = signal?.reason;
    if (!(reason instanceof InterruptedError && reason.by === 'SIGINT')) child.kill('SIGINT');
    timer = setTimeout(() => child.kill('SIGKILL'), grace);
  };
  signal?.addEventListener('abort', stop, { once: true });
  const guard = leaveFree > 0 ? guardMemory(leaveFree, () => child.kill('SIGKILL')) : undefined;
  const lines: string[] = [];
  try {
    if (onLine) {
      for await (const line of child.iterable({ from: 'stderr' })) {
        lines.push(line.slice(0, lineLength));
        if (lines.length > kept) lines.shift();
        onLine(line);
      }
    }
    const { exitCode, failed, stdout } = await child;
    signal?.throwIfAborted();
    if (guard?.error) throw guard.error;
    if (failed) throw new ChildError(args.slice(0, 6).join(' '), exitCode, lines.join('\n'));
    return stdout ?? '';
  } finally {
    clearTimeout(timer);
    guard?.dispose();
    signal?.removeEventListener('abort', stop);
  }
}

/**
 * The object that a child printed as the last line of its standard output. Native libraries (a Vulkan driver) write
 * there before it.
 * @throws when the last line is not JSON
 */
export function lastObject<T>(output: string): T {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line) as T;
  } catch (cause) {
    throw new Error(`The process did not end its output with a line of JSON but with: ${line.slice(0, 200)}`, {
      cause,
    });
  }
}
