// The page: starts a backend and runs every check on it. The test process calls `run` and reads what it returns.
import { type BackendName, startBackend } from '@dr2net/backends';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { type Check, checks } from './checks.ts';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
};

export interface Outcome {
  readonly name: string;
  /** Absent when it passed. */
  readonly failure?: string;
}

export interface Report {
  readonly backend: string;
  readonly device: string;
  readonly software: boolean;
  readonly outcomes: readonly Outcome[];
}

async function outcome({ name, run }: Check, backend: BackendName): Promise<Outcome> {
  try {
    await run(backend);
    return { name };
  } catch (error) {
    return { name, failure: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

/** @throws whatever `startBackend` throws: the page's errors reach the test process as they are */
async function run(name: BackendName): Promise<Report> {
  const { device, software } = await startBackend(name, { wasmPaths });
  const outcomes: Outcome[] = [];
  for (const check of checks) outcomes.push(await outcome(check, name));
  return { backend: name, device, software, outcomes };
}

declare global {
  interface Window {
    run: typeof run;
  }
}

window.run = run;
