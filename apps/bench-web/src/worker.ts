/** Measures one case in a worker of its own, as Node does in a process. */
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { measure } from 'bench-core/measure';
import type { Answer, Order } from './protocol.ts';

/** A worker's relative addresses count from its own file, those of the bundler from the page. */
const here = (url: string) => new URL(url, import.meta.url).href;
const wasmPaths = {
  'tfjs-backend-wasm.wasm': here(plain),
  'tfjs-backend-wasm-simd.wasm': here(simd),
  'tfjs-backend-wasm-threaded-simd.wasm': here(threaded),
};

const answer = (message: Answer) => postMessage(message);

addEventListener('message', async ({ data }: MessageEvent<Order>) => {
  try {
    const measurement = await measure(data.case, {
      start: { wasmPaths },
      onProgress: (what, done, of) => answer({ type: 'progress', what, done, of }),
    });
    answer({ type: 'measurement', measurement });
  } catch (error) {
    answer({ type: 'error', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
});
