/** What does not fit is refused by name, and nothing leaks. */
import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeak, testBackends } from '@dr2net/testing';
import { ones, setBackend, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  adam,
  attention,
  channelScale,
  deformableAttention,
  dualResidual,
  exact,
  exactGrid,
  layerNorm,
  linear,
  linearGelu,
  patchEmbed,
  softmaxCrossEntropy,
  softTargets,
  tubeletEmbed,
  windowAttention,
} from '../src/index.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const t = (...shape: number[]): Tensor => ones(shape);
const grid = exactGrid(0.5, 0.5, { fractionBits: 10 });
const states = (...shape: number[]): Tensor => zeros(shape, 'int32');

const cases: [string, () => unknown, string][] = [
  ['linear, weight', () => linear.apply(t(2, 5), t(6, 3)), 'weight is [6,3] where [5, out] is needed'],
  ['linear, bias', () => linear.trace(t(2, 5), t(5, 3), t(4)), 'bias is [4] where [3] is needed'],
  ['linearGelu, weight', () => linearGelu.trace(t(2, 5), t(6, 3)), 'linearGelu: weight is [6,3]'],
  ['linear of a scalar', () => linear.apply(t(), t(1, 1)), 'a scalar has no channels'],
  ['layerNorm', () => layerNorm.apply(t(2, 5), t(4), t(5), 1e-6), 'gain is [4] where [5] is needed'],
  ['channelScale', () => channelScale.trace(t(2, 5), t(1)), 'gamma is [1] where [5] is needed'],
  ['attention, heads', () => attention.apply(t(2, 5, 24), { heads: 5 }), 'with 5 heads'],
  ['attention, rank', () => attention.trace(t(5, 24), { heads: 2 }), 'qkv [5,24]'],
  ['attention, no heads', () => attention.apply(t(2, 5, 24), { heads: 0 }), 'with 0 heads'],
  [
    'patchEmbed',
    () => patchEmbed.apply(t(1, 30, 32, 3), t(12, 5), undefined, { patch: 4 }),
    'height 30 is no multiple of 4',
  ],
  ['patchEmbed, rank', () => patchEmbed.apply(t(32, 32, 3), t(12, 5), undefined, { patch: 4 }), 'pixels [32,32,3]'],
  [
    'tubeletEmbed',
    () => tubeletEmbed.apply(t(1, 3, 4, 4, 1), t(8, 5), undefined, { tubelet: 2, patch: 2 }),
    'frames 3 is no multiple of 2',
  ],
  ...(
    [
      [
        [1, 5, 8],
        [1, 3, 2, 1, 4, 2],
        [1, 3, 2, 1, 4],
        'value is [1,5,8] where [1,6,8] is needed (the levels have 6 cells)',
      ],
      [[1, 6, 7], [1, 3, 2, 1, 4, 2], [1, 3, 2, 1, 4], '7 channels are no multiple of 2 heads'],
      [[2, 6, 8], [1, 3, 2, 1, 4, 2], [1, 3, 2, 1, 4], 'value is [2,6,8] where [1,6,8] is needed'],
      [[1, 6, 8], [1, 3, 2, 1, 4], [1, 3, 2, 1, 4], 'locations is [1,3,2,1,4] where [1,3,2,1,4,2] is needed'],
      [
        [1, 6, 8],
        [1, 3, 2, 2, 4, 2],
        [1, 3, 2, 2, 4],
        'where [batch, queries, heads, 1, points] is needed (1 levels were',
      ],
    ] as const
  ).map(([value, locations, weights, message]): [string, () => unknown, string] => [
    `deformableAttention, ${value} ${locations} ${weights}`,
    () => deformableAttention.apply(t(...value), t(...locations), t(...weights), { shapes: [[2, 3]] }),
    message,
  ]),
  [
    'deformableAttention, an empty level',
    () => deformableAttention.trace(t(1, 6, 8), t(1, 3, 2, 1, 4, 2), t(1, 3, 2, 1, 4), { shapes: [[0, 3]] }),
    'level 0 is 0 × 3 cells; whole numbers of 1 or more are needed',
  ],
  ['softmaxCrossEntropy', () => softmaxCrossEntropy.apply(t(2, 5), t(2, 1)), 'targets is [2,1] where [2,5] is needed'],
  [
    'windowAttention, bias',
    () => windowAttention.apply(t(2, 4, 12), t(2, 3, 3), { heads: 2 }),
    'bias is [2,3,3] where [2,4,4] is needed',
  ],
  [
    'windowAttention, mask',
    () => windowAttention.apply(t(3, 4, 12), t(2, 4, 4), { heads: 2, mask: t(2, 4, 4) }),
    "3 windows are no whole number of pictures of 2 (the mask's)",
  ],
  [
    'adam',
    () => adam.step([{ value: t(2, 3), gradient: t(3, 2), keep: 1, rate: 1, epsilon: 1 }], [0.9, 0.9])[0]?.value,
    'gradient is [3,2] where [2,3] is needed',
  ],
  ['softTargets, label', () => softTargets([0, 7], 5), 'label 7 is not one of the 5 classes'],
  ['softTargets, smoothing', () => softTargets([0], 5, 1), 'smoothing 1'],
  ['dualResidual', () => dualResidual.update(t(2, 3), t(2, 3), t(2, 1), { alpha: 1, beta: 0.5 }), 'previous is [2,1]'],
  ['exact, shape', () => exact.update(t(2, 3), states(2, 3), states(3, 2), grid), 'previous is [3,2]'],
  [
    'exact, type',
    () => exact.update(t(2, 3), states(2, 3), t(2, 3), grid),
    'previous is float32, not int32; quantize it first',
  ],
  ['exact, bits of a coarser grid', () => exact.coarsen(states(2), 16), 'coarser by 16 bits'],
  ['exact, type of what becomes coarser', () => exact.coarsen(t(2), 1), 'x is float32, not int32'],
  ['exact, bits to refine with', () => exact.refine(states(64), states(3), 1), 'side is [3] where [2] is needed'],
  [
    'exact, side',
    () => exact.inverse(states(2, 3), t(2, 3), states(2, 3), states(2), grid),
    'side is [2] where [1] is needed',
  ],
];

describe.each(await testBackends(['webgpu']))('$name', ({ available, start }) => {
  test.skipIf(!available)('attention with heads that are too wide for a workgroup', async () => {
    await start();
    await expectNoLeak(() => {
      const width = 4096;
      const call = () => tidy(() => attention.apply(t(1, 2, 3 * width), { heads: 1 }));
      expect(call).toThrow(
        /heads of 4096 channels need 266240 bytes of workgroup memory; this device has \d+\. Use more heads/,
      );
    });
    await setBackend('cpu');
  });
});

test.each(cases)('%s', async (_, run, message) => {
  await expectNoLeak(() => {
    expect(() => tidy(run as () => Tensor)).toThrow(message);
  });
});
