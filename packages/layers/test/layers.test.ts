/** Every layer against the tape's gradient of the same function. */
import { trainingContext } from '@dr2net/ops';
import { testBackends } from '@dr2net/testing';
import {
  add,
  concat,
  div,
  erf,
  matMul,
  max,
  mean,
  mul,
  reshape,
  slice,
  softmax,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  tile,
  transpose,
} from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, test } from 'vitest';
import {
  attentionSubBlock,
  FixedPosition,
  GroupLinear,
  LayerNorm,
  LayerScale,
  Linear,
  LinearGelu,
  mlp,
  mlpSubBlock,
  PatchEmbed,
  PositionEmbedding,
  PrefixTokens,
  SpaceTimePosition,
  selfAttention,
  sequential,
  TubeletEmbed,
} from '../src/index.ts';
import { expectLikeTape, parameter, random } from './against-tape.ts';

const epsilon = 1e-6;

const plainLinear = (x: Tensor, weight: Tensor, bias?: Tensor): Tensor => {
  const rows = reshape(x, [-1, weight.shape[0]!]);
  const y = reshape(matMul(rows, weight), [...x.shape.slice(0, -1), weight.shape[1]!]);
  return bias ? add(y, bias) : y;
};
const plainGelu = (x: Tensor): Tensor => mul(mul(x, 0.5), add(erf(div(x, Math.SQRT2)), 1));
const plainNorm = (x: Tensor, gain: Tensor, bias: Tensor): Tensor => {
  const centred = sub(x, mean(x, -1, true));
  return add(mul(div(centred, sqrt(add(mean(square(centred), -1, true), epsilon))), gain), bias);
};
const plainAttention = (qkv: Tensor, heads: number): Tensor => {
  const [batch, tokens, packed] = qkv.shape as [number, number, number];
  const width = packed / 3;
  const [q, k, v] = split(qkv, 3, -1).map((part) =>
    transpose(reshape(part, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]),
  );
  const scores = mul(matMul(q!, transpose(k!, [0, 1, 3, 2])), 1 / Math.sqrt(width / heads));
  return reshape(transpose(matMul(softmax(scores), v!), [0, 2, 1, 3]), [batch, tokens, width]);
};
/** Non-overlapping patches of a clip as rows. */
const cut = (pixels: Tensor, tubelet: number, patch: number): Tensor => {
  const [batch, frames, height, width, channels] = pixels.shape as [number, number, number, number, number];
  // Axis by axis, since tfjs transposes at most six axes.
  const parts: Tensor[] = [];
  for (let t = 0; t < frames; t += tubelet)
    for (let y = 0; y < height; y += patch)
      for (let x = 0; x < width; x += patch)
        parts.push(reshape(slice(pixels, [0, t, y, x, 0], [batch, tubelet, patch, patch, channels]), [batch, 1, -1]));
  return concat(parts, 1);
};

describe.each(await testBackends(['cpu', 'wasm', 'node']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('like the tape', () => {
    beforeAll(start);

    test('GroupLinear is a linear layer of [maximum, x]', () =>
      fc.assert(
        fc.asyncProperty(
          fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 })),
          fc.boolean(),
          async ([groups, size, width], biased) => {
            const x = random([groups, size, width]);
            const bias = biased ? parameter('bias', [3]) : null;
            const layer = new GroupLinear(parameter('weight', [2 * width, 3]), bias);
            // Random numbers have no ties, which the tape's maximum would share out.
            await expectLikeTape(layer, x, (t, weight, b) =>
              plainLinear(concat([tile(max(t, 1, true), [1, size, 1]), t], 2), weight!, b),
            );
            for (const each of layer.parameters) each.dispose();
            x.dispose();
          },
        ),
        { numRuns: 10 },
      ));

    test('Linear and LinearGelu, of any shape', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
          fc.integer({ min: 1, max: 7 }),
          fc.integer({ min: 1, max: 7 }),
          fc.boolean(),
          async (outer, inputs, outputs, biased) => {
            const weight = parameter('weight', [inputs, outputs]);
            const bias = biased ? parameter('bias', [outputs]) : null;
            const x = random([...outer, inputs]);
            await expectLikeTape(new Linear(weight, bias), x, plainLinear);
            await expectLikeTape(new LinearGelu(weight, bias), x, (t, w, b) => plainGelu(plainLinear(t, w!, b)));
            for (const item of [weight, bias, x]) item?.dispose();
          },
        ),
        { numRuns: 15 },
      ));

    test('LayerNorm and LayerScale', async () => {
      const x = random([2, 5, 6]);
      const [gain, bias] = [parameter('gain', [6]), parameter('bias', [6])];
      await expectLikeTape(new LayerNorm(gain, bias, epsilon), x, plainNorm as never);
      await expectLikeTape(new LayerScale(gain), x, (tokens, gamma) => mul(tokens, gamma!));
      for (const item of [x, gain, bias]) item.dispose();
    });

    test('attention and MLP sub-blocks with LayerScale', async () => {
      const x = random([2, 5, 6]);
      const norm = { gain: parameter('gain', [6]), bias: parameter('bias', [6]), epsilon };
      const scale = parameter('scale', [6]);
      const attention = {
        heads: 3,
        qkv: parameter('qkv', [6, 18]),
        qkvBias: parameter('qkv bias', [18]),
        projection: parameter('projection', [6, 6]),
        projectionBias: parameter('projection bias', [6]),
      };
      for (const chunks of [1, 2, 3]) {
        const context = trainingContext(1, 0, { chunks });
        await expectLikeTape(
          attentionSubBlock('a', { norm, scale, attention }),
          x,
          (t, ...p) =>
            mul(
              plainLinear(plainAttention(plainLinear(plainNorm(t, p[0]!, p[1]!), p[2]!, p[3]), 3), p[4]!, p[5]),
              p[6]!,
            ),
          context,
        );
      }
      const unbiased = { ...attention, qkvBias: null, projectionBias: null };
      await expectLikeTape(selfAttention(unbiased), x, (t, ...p) =>
        plainLinear(plainAttention(plainLinear(t, p[0]!), 3), p[1]!),
      );
      const parts = {
        expand: parameter('expand', [6, 11]),
        expandBias: parameter('expand bias', [11]),
        contract: parameter('contract', [11, 6]),
        contractBias: parameter('contract bias', [6]),
      };
      const plainMlp = (t: Tensor, ...p: Tensor[]) => plainLinear(plainGelu(plainLinear(t, p[0]!, p[1])), p[2]!, p[3]);
      await expectLikeTape(mlp(parts), x, plainMlp);
      const plainBlock = (t: Tensor, ...p: Tensor[]) =>
        mul(plainMlp(plainNorm(t, p[0]!, p[1]!), ...p.slice(2, 6)), p[6]!);
      // Parts of unequal size, and more of them than rows.
      for (const chunks of [1, 2, 4, 100]) {
        const context = trainingContext(1, 0, { chunks });
        await expectLikeTape(mlpSubBlock('m', { norm, scale, mlp: parts }), x, plainBlock, context);
      }
      for (const item of [x, norm.gain, norm.bias, scale, ...Object.values(attention), ...Object.values(parts)])
        if (typeof item !== 'number') item.dispose();
    });

    test('patches and tubelets', async () => {
      const bias = parameter('bias', [5]);
      const [patches, tubelets] = [parameter('weight', [2 * 2 * 3, 5]), parameter('weight', [2 * 2 * 2 * 3, 5])];
      const clip = random([2, 4, 4, 6, 3]);
      await expectLikeTape(new TubeletEmbed(tubelets, bias, { tubelet: 2, patch: 2 }), clip, (pixels, ...p) =>
        plainLinear(cut(pixels, 2, 2), p[0]!, p[1]),
      );
      const image = random([2, 4, 6, 3]);
      await expectLikeTape(new PatchEmbed(patches, bias, 2), image, (pixels, ...p) =>
        plainLinear(cut(reshape(pixels, [2, 1, 4, 6, 3]), 1, 2), p[0]!, p[1]),
      );
      for (const item of [bias, patches, tubelets, clip, image]) item.dispose();
    });

    test('tokens and positions', async () => {
      const x = random([2, 6, 4]);
      const [first, second] = [parameter('class', [1, 1, 4]), parameter('distillation', [1, 1, 4])];
      await expectLikeTape(new PrefixTokens([first, second]), x, (t, ...p) =>
        concat([...p.map((token) => tile(token, [2, 1, 1])), t], 1),
      );
      const table = parameter('table', [1, 6, 4]);
      await expectLikeTape(new PositionEmbedding(table), x, (t, p) => add(t, p!));
      const fixed = random([1, 6, 4]);
      await expectLikeTape(new FixedPosition(fixed), x, (t) => add(t, fixed));
      // Two prefix tokens, two time steps of two places.
      const [space, time] = [parameter('space', [1, 4, 4]), parameter('time', [1, 2, 4])];
      await expectLikeTape(new SpaceTimePosition(space, time, 2), x, (t, s, p) => {
        const step = (i: number) => add(slice(s!, [0, 2, 0], [1, 2, 4]), slice(p!, [0, i, 0], [1, 1, 4]));
        return add(t, concat([slice(s!, [0, 0, 0], [1, 2, 4]), step(0), step(1)], 1));
      });
      await expectLikeTape(
        sequential('both', [new PositionEmbedding(table), new PrefixTokens([first])]),
        x,
        (t, p, c) => concat([tile(c!, [2, 1, 1]), add(t, p!)], 1),
      );
      for (const item of [x, first, second, table, fixed, space, time]) item.dispose();
    });
  });
});
