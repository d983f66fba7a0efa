/** Does one job in a worker of its own, as Node does in a process: measures a case, searches a size, proves one. */
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
// Not all of bench-core: reports are drawn in the page.
import { measure } from 'bench-core/measure';
import { prove } from 'bench-core/prove';
import { findLargest } from 'bench-core/search';
import type { Answer, JobName, Jobs, Order } from './protocol.ts';

/** A worker's relative addresses count from its own file, those of the bundler from the page. */
const here = (url: string) => new URL(url, import.meta.url).href;
const wasmPaths = {
  'tfjs-backend-wasm.wasm': here(plain),
  'tfjs-backend-wasm-simd.wasm': here(simd),
  'tfjs-backend-wasm-threaded-simd.wasm': here(threaded),
};

const answer = (message: Answer) => postMessage(message);

const options = {
  start: { wasmPaths },
  onProgress: (what: string, done: number, of: number) => answer({ type: 'progress', what, done, of }),
};

type Does<Name extends JobName> = (order: Jobs[Name]['order']) => Promise<Jobs[Name]['answer']>;

const does: { readonly [Name in JobName]: Does<Name> } = {
  case: (one) => measure(one, options),
  find: async (settings) => findLargest(settings),
  prove: (order) => prove(order, options),
};

function carryOut<Name extends JobName>({ job, order }: Order<Name>): Promise<Jobs[Name]['answer']> {
  return does[job](order);
}

addEventListener('message', async ({ data }: MessageEvent<Order>) => {
  try {
    answer({ type: 'answer', answer: await carryOut(data) });
  } catch (error) {
    answer({ type: 'error', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
});
