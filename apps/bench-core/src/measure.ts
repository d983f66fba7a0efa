/** Measures one case: in Node in a process of its own, in a page in a worker of its own. */
import { type Backend, type StartOptions, startBackend } from '@dr2net/backends';
import { meter } from '@dr2net/memory';
import * as tf from '@tensorflow/tfjs-core';
import { type Case, leastRepetitions } from './case.ts';
import { countGpu, gpuBuffers, watchGpu } from './count/gpu.ts';
import { wasmHeaps, watchWasm } from './count/wasm.ts';
import { digest } from './digest.ts';
import type { Measurement } from './measurement.ts';
import { makeNetwork } from './networks/make.ts';
import type { Network } from './networks/network.ts';
import { isVitNetwork } from './networks/vit.ts';
import { ProductsAlone, productThroughput } from './products.ts';
import { blocksOf, withOtherDepth } from './size.ts';
import { isMethod } from './subjects/names.ts';
import { ours } from './subjects/ours.ts';
import { plain } from './subjects/plain.ts';
import type { Subject } from './subjects/subject.ts';

export interface MeasureOptions {
  /** Where a page serves the files of wasm. */
  readonly start?: StartOptions;
  /** Told what is being done, and how many of the timed steps are. */
  readonly onProgress?: (what: string, done: number, of: number) => void;
}

const timelinePoints = 96;

async function makeSubject(one: Case, network: Network): Promise<Subject> {
  if (isMethod(one.subject)) return ours(network, one.subject, one.chunks);
  if (one.subject === 'plain') return plain(network);
  if (one.backend !== 'wasm' && one.backend !== 'webgpu')
    throw new Error(`jax-js runs on webgpu and wasm, not on ${one.backend}.`);
  if (!isVitNetwork(network)) throw new Error('Of jax-js there are ViTs alone; leave the method jax out.');
  // Loaded late: its memory is watched from its first allocation on.
  const { jaxSubject } = await import('./subjects/jax.ts');
  return jaxSubject(network, one.backend);
}

async function seconds(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return (performance.now() - start) / 1000;
}

type Times = { forward: number[]; step: number[]; optimizer: number[]; products?: number[] };

async function timed(one: Case, subject: Subject, products: ProductsAlone | undefined, options: MeasureOptions) {
  const times: Times = { forward: [], step: [], optimizer: [], ...(products && { products: [] }) };
  const begun = performance.now();
  for (let done = 0; done < one.repetitions; done++) {
    if (done >= leastRepetitions && performance.now() - begun > 1000 * one.budgetSeconds) break;
    options.onProgress?.('timing', done, one.repetitions);
    times.forward.push(await seconds(() => subject.forward()));
    times.step.push(await seconds(() => subject.step()));
    times.optimizer.push(await seconds(() => subject.optimize()));
    if (products) times.products?.push(await products.time());
  }
  return times;
}

/** Dispatches of a step, and those of a sub-block: the difference to a network of one block less (or more), by two. */
async function dispatches(one: Case, subject: Subject): Promise<Measurement['dispatches']> {
  if (one.backend !== 'webgpu') return undefined;
  const whole = await countGpu(() => subject.step());
  subject.drop();
  if (!whole) return undefined;
  const size = withOtherDepth(one.size);
  const network = await makeNetwork(size);
  const other = await makeSubject(one, network);
  try {
    await other.step();
    const part = await countGpu(() => other.step());
    const blocks = Math.abs(blocksOf(one.size) - blocksOf(size));
    const subBlock = Math.abs(whole.dispatches - (part?.dispatches ?? Number.NaN)) / (2 * blocks);
    return { step: whole.dispatches, subBlock, boundBytes: whole.boundBytes };
  } finally {
    other.dispose();
    network.dispose();
  }
}

async function memory(one: Case, subject: Subject, parameters: number): Promise<Measurement['memory']> {
  if (!subject.metered) return undefined;
  const watching = meter({ points: timelinePoints });
  try {
    await subject.metered(watching);
    const { phases, peakBytes, timeline } = watching.stop();
    // The tape has all gradients of parameters at its peak, the end of backward, before anyone can set them apart.
    const held = one.subject === 'plain' ? 4 * parameters : 0;
    // What the optimizer makes on its way is no activation; before the first phase nothing is made.
    const parts = phases
      .filter(({ name }) => name !== 'optimizer' && name !== 'start')
      .map(({ name, activationPeakBytes: peak, seconds }) => ({ name, activationPeakBytes: peak - held, seconds }));
    const activationPeakBytes = Math.max(...parts.map((part) => part.activationPeakBytes));
    return { activationPeakBytes, peakBytes, phases: parts, timeline: [...timeline] };
  } finally {
    watching.stop();
  }
}

function squareSizes({ name, software }: Backend): number[] {
  if (software) return [256, 512];
  return name === 'node-gpu' || name === 'webgpu' ? [1024, 2048, 4096] : [256, 512, 1024];
}

/** @throws what the backend or the subject throws, `BackendUnavailableError` for one */
export async function measure(one: Case, options: MeasureOptions = {}): Promise<Measurement> {
  if (one.subject === 'jax' && one.backend === 'wasm') watchWasm();
  const backend = await startBackend(one.backend, options.start);
  watchGpu();
  // jax-js has devices of its own, whose memory our backend does not see; TensorFlow.js only makes the weights for it.
  if (one.subject === 'jax') await startBackend('cpu');
  const network = await makeNetwork(one.size);
  const own = one.backend === 'webgpu' ? gpuBuffers : wasmHeaps;
  const probe = one.subject === 'jax' ? own : backend.memory;
  const subject = await makeSubject(one, network);
  let products: ProductsAlone | undefined;
  try {
    options.onProgress?.('warming up', 0, one.repetitions);
    const parameters = network.parameters.reduce((sum, { size }) => sum + size, 0);
    probe.resetPeak();
    const startBytes = probe.current() ?? 0;
    const loss = await subject.step();
    const gradients: Record<string, number[]> = {};
    await subject.eachGradient((name, values) => {
      gradients[name] = [...digest(name, values)];
    });
    await subject.optimize();
    const metered = await memory(one, subject, parameters);
    const device = { kind: probe.kind, startBytes, peakBytes: probe.peak() ?? 0 };
    for (let i = 1; i < one.warmup; i++) {
      await subject.step();
      await subject.optimize();
    }
    await subject.forward();
    if (isMethod(one.subject) && network.products)
      products = new ProductsAlone(network.products(one.subject), backend.name === 'wasm');
    const after = tf.memory();
    const times = await timed(one, subject, products, options);
    const end = tf.memory();
    options.onProgress?.('counts', one.repetitions, one.repetitions);
    const counted = await dispatches(one, subject);
    const rebuiltIdentical = await subject.verify?.();
    const same = one.subject === 'conventional' ? await network.forwardIdentical?.() : undefined;
    const throughput = isMethod(one.subject) ? await productThroughput(squareSizes(backend)) : undefined;
    backend.check();
    return {
      case: one,
      backend: {
        name: backend.name,
        device: backend.device,
        software: backend.software,
        settings: { ...backend.settings },
      },
      parameters,
      forwardFlops: network.forwardFlops,
      ...(network.geometrySeconds !== undefined && { geometrySeconds: network.geometrySeconds }),
      times,
      loss,
      gradients,
      ...(metered && { memory: metered }),
      device,
      ...(counted && { dispatches: counted }),
      ...(throughput && { throughput }),
      ...(one.subject !== 'jax' && {
        growth: { tensors: end.numTensors - after.numTensors, bytes: end.numBytes - after.numBytes },
      }),
      ...(rebuiltIdentical !== undefined && { rebuiltIdentical }),
      ...(same !== undefined && { forwardIdentical: same }),
    };
  } finally {
    products?.dispose();
    subject.dispose();
    network.dispose();
  }
}
