/** Results as if they were measured, for tests of what is made of them. */
import type { Case } from './case.ts';
import { digest } from './digest.ts';
import type { Measurement } from './measurement.ts';
import type { PointSize } from './point-size.ts';
import { type Provenance, type Result, resultSchema } from './result.ts';
import { blocksOf, isPoints, type VitSize } from './size.ts';
import { methodNames } from './subjects/names.ts';
import type { SwinSize } from './swin-size.ts';
import type { YolosSize } from './yolos-size.ts';

export const fakeSize: VitSize = { width: 48, heads: 3, depth: 2, side: 4, patch: 8, frames: 1, batch: 2 };

export const fakePoints: PointSize = { width: 48, heads: 3, depth: 12, points: 16384, batch: 2, part: 'whole' };

export const fakeYolos: YolosSize = { width: 384, heads: 6, depth: 12, grid: [30, 34], detections: 99, batch: 2 };

export const fakeSwin: SwinSize = { width: 96, heads: 3, depths: [2, 2, 6, 2], window: 7, pixels: 448, batch: 1 };

export const fakeCase: Case = {
  backend: 'wasm',
  subject: 'reversible',
  size: fakeSize,
  ...{ chunks: 1, warmup: 1, repetitions: 3, budgetSeconds: 10 },
};

const provenance: Provenance = {
  machine: { processor: 'a test', cores: 2, memoryBytes: 1e9, platform: 'linux x64', load: 0.1 },
  versions: { node: '20.20.0' },
  commit: '0123456789abcdef',
  date: '2026-01-02T03:04:05.678Z',
};

/** The decoder's peak is the step's, the blocks' a fourth of it, the tokenizer's half. */
const phasesOf = (peak: number) =>
  Object.entries({ tokenizer: peak / 2, blocks: peak / 4, decoder: peak }).flatMap(([part, activationPeakBytes]) =>
    ['forward', 'backward'].map((way) => ({ name: `${part} ${way}`, activationPeakBytes, seconds: 0.25 })),
  );

/** Times and bytes that follow from method, depth and batch; gradients from the method and a little from the backend. */
export function fakeMeasurement(one: Case): Measurement {
  const factor = { plain: 10, jax: 4, conventional: 0.75, checkpoint: 1, reversible: 1, exact: 1.1, frozen: 0.5 }[
    one.subject
  ];
  const blocks = blocksOf(one.size) * one.size.batch * (one.backend === 'wasm' ? 1 : 0.5);
  const step = [3, 1, 2].map((value) => (value * factor * blocks) / 4);
  const grows = one.subject === 'plain' || one.subject === 'conventional' ? blocksOf(one.size) : 1;
  const peak = 1e6 * factor * grows;
  const kind = ['reversible', 'exact'].includes(one.subject) ? one.subject.length : 0;
  const gradient = Float32Array.from(
    { length: 64 },
    (_, i) => Math.sin(i + kind) * (one.backend === 'wasm' ? 1 : 1 + 1e-5),
  );
  const point = (seconds: number, bytes: number, phase: string) => ({
    seconds,
    bytes: bytes + 1e6,
    activationBytes: bytes,
    phase,
  });
  return {
    case: one,
    backend: {
      name: one.backend,
      device: `${one.backend} of a test`,
      software: one.backend === 'webgpu',
      settings: {},
    },
    ...(isPoints(one.size) && { geometrySeconds: 0.5 }),
    ...{ parameters: 1000, forwardFlops: 1e9 * blocks, loss: one.backend === 'wasm' ? 2 : 2.00001 },
    times: {
      forward: step.map((value) => value / 3),
      step,
      optimizer: step.map((value) => value / 10),
      ...((methodNames as readonly string[]).includes(one.subject) && { products: step.map((value) => value / 1.3) }),
    },
    gradients: { 'stem.patch.bias': [...digest('stem.patch.bias', gradient)] },
    ...(one.subject !== 'jax' && {
      memory: {
        activationPeakBytes: peak,
        peakBytes: 2 * peak,
        ...(isPoints(one.size) && { phases: phasesOf(peak) }),
        timeline: [point(0, 0.1e6, 'forward'), point(1, peak, 'backward'), point(2, 0.1e6, 'optimizer')],
      },
      growth: { tensors: 0, bytes: 0 },
    }),
    device: { kind: 'wasm heap', startBytes: 0, peakBytes: 3 * peak },
    ...(one.backend === 'webgpu' && { dispatches: { step: 321, subBlock: 69, boundBytes: 8e6 } }),
    throughput: { flops: 2e10, size: 512 },
    ...(one.subject === 'exact' && { rebuiltIdentical: true }),
    ...(one.subject === 'conventional' && { forwardIdentical: true }),
  };
}

export function fakeResult(changes: Partial<Case> = {}): Result {
  return {
    ...{ schema: resultSchema, kind: 'bench', ...provenance },
    ...fakeMeasurement({ ...fakeCase, ...changes }),
    rounds: 1,
  };
}
