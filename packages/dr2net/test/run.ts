/** The program in this process: fast, and on one engine; `spawn.ts` runs it as people do. */
import { run as runProgram } from '../src/program.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The object on standard output (`--json`). */
  readonly json: Record<string, unknown>;
}

export async function run(...args: string[]): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const code = await runProgram(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  const json = args.includes('--json') ? (JSON.parse(stdout) as Record<string, unknown>) : {};
  return { code, stdout, stderr, json };
}
