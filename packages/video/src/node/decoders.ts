/** Which decoders this machine has, and what to do about those it has not. */
import { runProgram } from './process.ts';
import { startWebCodecs } from './webcodecs.ts';

/** One decoder of this machine. */
export interface DecoderReport {
  readonly name: 'ffmpeg' | 'WebCodecs';
  readonly works: boolean;
  /** What it is used for. */
  readonly reads: string;
  readonly version?: string;
  /** Why it does not work and what to do. */
  readonly problem?: string;
}

async function version(program: string): Promise<string | undefined> {
  try {
    const { code, stdout } = await runProgram(program, ['-version']);
    return code === 0 ? /version (\S+)/.exec(stdout.toString())?.[1] : undefined;
  } catch {
    return undefined;
  }
}

async function ffmpeg(): Promise<DecoderReport> {
  const [decoder, prober] = await Promise.all(['ffmpeg', 'ffprobe'].map(version));
  const report = { name: 'ffmpeg', reads: 'avi and everything else' } as const;
  if (decoder !== undefined && prober !== undefined) return { ...report, works: true, version: decoder };
  const missing = decoder === undefined ? 'ffmpeg' : 'ffprobe';
  return {
    ...report,
    works: false,
    problem: `there is no ${missing} on the PATH. Install it: apt install ffmpeg, brew install ffmpeg, winget install ffmpeg.`,
  };
}

async function webCodecs(): Promise<DecoderReport> {
  const problem = await startWebCodecs();
  const report = { name: 'WebCodecs', reads: 'mp4, mov, mkv, webm' } as const;
  if (problem === undefined) return { ...report, works: true };
  return {
    ...report,
    works: false,
    problem: `it could not be started (${problem}). Install its package: npm install @napi-rs/webcodecs. Without it ffmpeg reads these files.`,
  };
}

/** Starts each decoder once. */
export async function findDecoders(): Promise<DecoderReport[]> {
  return Promise.all([webCodecs(), ffmpeg()]);
}
