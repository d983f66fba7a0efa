// The page: starts a backend and runs every check on it. The test process calls `run` and reads what it returns.
import { type BackendName, startBackend } from '@dr2net/backends';
import { suite } from '@dr2net/ops/conformance';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { backendChecks } from './backend-checks.ts';
import type { Check } from './check.ts';
import { detectionChecks } from './detection-checks.ts';
import { pointChecks } from './point-checks.ts';
import type { Outcome, Report } from './report.ts';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
};

const checks: readonly Check[] = [...backendChecks, ...suite, ...pointChecks, ...detectionChecks];

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

window.run = run;
