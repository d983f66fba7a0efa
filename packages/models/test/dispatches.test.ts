/** Dispatches decide the speed of small models on WebGPU; this is what a sub-block costs, forward, rebuild and backward. */
import { traceRun } from '@dr2net/core';
import { discard, trainingContext } from '@dr2net/ops';
import { testBackends } from '@dr2net/testing';
import { ones, type Tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBackbone, type TransformerBackbone } from '../src/index.ts';

const methods = {
  reversible: { name: 'reversible', anchors: 0, tolerance: Number.POSITIVE_INFINITY },
  conventional: { name: 'conventional' },
  exact: { name: 'exact', fractionBits: 16 },
} as const;

/** Dispatches that `body` records. */
function dispatchesOf(body: () => void): number {
  const { prototype } = GPUComputePassEncoder;
  const { dispatchWorkgroups } = prototype;
  let count = 0;
  prototype.dispatchWorkgroups = function (...groups) {
    count++;
    return dispatchWorkgroups.apply(this, groups);
  };
  try {
    body();
  } finally {
    prototype.dispatchWorkgroups = dispatchWorkgroups;
  }
  return count;
}

describe.each(await testBackends(['webgpu']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('dispatches', () => {
    let backbone: TransformerBackbone;
    let x0: Tensor;
    beforeAll(async () => {
      await start();
      const config = { model_type: 'vit', hidden_size: 16, num_hidden_layers: 4, num_attention_heads: 2 };
      backbone = createBackbone({ ...config, intermediate_size: 64, image_size: 16, patch_size: 8 }, 1);
      x0 = ones([1, backbone.tokens, 16]);
    });
    afterAll(() => {
      backbone.dispose();
      x0.dispose();
    });

    /** Forward and back through `count` sub-blocks of one kind. */
    function run(kind: 0 | 1, count: number, method: keyof typeof methods): number {
      const subBlocks = backbone.subBlocks.filter((_, i) => i % 2 === kind).slice(0, count);
      return dispatchesOf(() => {
        const { value, pullback } = traceRun(subBlocks, x0, trainingContext(1), {
          ...{ coefficients: { alpha: 0.1, beta: 0.9 }, method: methods[method] },
        });
        pullback(value, discard).x0?.dispose();
        value.dispose();
      });
    }

    /** Of one sub-block more. */
    const each = (kind: 0 | 1, method: keyof typeof methods) => run(kind, 4, method) - run(kind, 3, method);

    test('of a sub-block: at most 20; exact adds its packing, conversions and range check', () => {
      expect({
        reversible: { attention: each(0, 'reversible'), mlp: each(1, 'reversible') },
        conventional: { attention: each(0, 'conventional'), mlp: each(1, 'conventional') },
        exact: { attention: each(0, 'exact'), mlp: each(1, 'exact') },
      }).toEqual({
        reversible: { attention: 19, mlp: 16 },
        conventional: { attention: 15, mlp: 13 },
        exact: { attention: 25, mlp: 22 },
      });
    });
  });
});
