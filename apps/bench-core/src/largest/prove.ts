/** Whether a size is really trained under the limit: two whole steps, and what the device gave out meanwhile. */
import { startBackend } from '@dr2net/backends';
import { memoryModel } from '@dr2net/models';
import type { MeasureOptions } from '../measure.ts';
import { makeVit } from '../networks/vit.ts';
import { productThroughput } from '../products.ts';
import { classes, configOf } from '../size.ts';
import { ours } from '../subjects/ours.ts';
import { type LargestSettings, sizeAt } from './search.ts';

export interface ProofOrder extends LargestSettings {
  readonly count: number;
  /** Not tried where two steps would take longer than this, by the arithmetic and the backend's speed. */
  readonly seconds: number;
}

export interface Proof {
  readonly device: string;
  /** Of the two steps, as estimated. */
  readonly estimatedSeconds: number;
  /** Absent where it was not tried. */
  readonly ran?: {
    readonly kind: string;
    readonly peakBytes: number;
    readonly stepSeconds: number;
    readonly loss: number;
  };
}

/** Steps are slower than products alone. */
const slower = 2;

export async function prove(order: ProofOrder, options: MeasureOptions = {}): Promise<Proof> {
  const backend = await startBackend(order.backend, options.start);
  const size = sizeAt(order, order.count);
  const { arithmetic } = memoryModel(configOf(size), { classes });
  const { flops } = await productThroughput([256, 512], 0.1);
  const forward = 2 * size.batch * (arithmetic.subBlocks + arithmetic.rest);
  const estimatedSeconds = (2 * slower * 4 * forward) / flops;
  const told = { device: backend.device, estimatedSeconds };
  if (estimatedSeconds > order.seconds) return told;
  options.onProgress?.('step', 1, 2);
  const network = makeVit(size);
  const subject = ours(network, order.method);
  try {
    backend.memory.resetPeak();
    await subject.step();
    await subject.optimize();
    options.onProgress?.('step', 2, 2);
    const begun = performance.now();
    const loss = await subject.step();
    await subject.optimize();
    const stepSeconds = (performance.now() - begun) / 1000;
    backend.check();
    const { kind } = backend.memory;
    return { ...told, ran: { kind, peakBytes: backend.memory.peak() ?? Number.NaN, stepSeconds, loss } };
  } finally {
    subject.dispose();
    network.dispose();
  }
}
