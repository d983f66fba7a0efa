/** Attention inside windows and patch merging, on maps that windows fit and that they do not, against the tape over the plain text. */
import { type Context, type Differentiable, inference, type Parameter, trainingContext } from '@dr2net/ops';
import { expectNoLeak, testBackends } from '@dr2net/testing';
import {
  add,
  concat,
  div,
  matMul,
  mean,
  mul,
  oneHot,
  pad,
  reshape,
  slice,
  softmax,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { PatchEmbed, PatchMap, PatchMerging, type WindowRule, windowAttentionSubBlock } from '../src/index.ts';
import { expectLikeTape, parameter, random } from './against-tape.ts';

const epsilon = 1e-5;
const linear = (x: Tensor, weight: Tensor, bias?: Tensor): Tensor => {
  const y = reshape(matMul(reshape(x, [-1, weight.shape[0]!]), weight), [...x.shape.slice(0, -1), weight.shape[1]!]);
  return bias ? add(y, bias) : y;
};
const norm = (x: Tensor, gain: Tensor, bias: Tensor): Tensor => {
  const centred = sub(x, mean(x, -1, true));
  return add(mul(div(centred, sqrt(add(mean(square(centred), -1, true), epsilon))), gain), bias);
};

/** `torch.roll` by −shift. */
function roll(x: Tensor, axis: 1 | 2, shift: number): Tensor {
  const side = x.shape[axis]!;
  const by = ((shift % side) + side) % side;
  if (by === 0) return x;
  const part = (from: number, count: number) =>
    slice(
      x,
      x.shape.map((_, i) => (i === axis ? from : 0)),
      x.shape.map((size, i) => (i === axis ? count : size)),
    );
  return concat([part(by, side - by), part(0, by)], axis);
}

const padTo = (x: Tensor, height: number, width: number) =>
  pad(x, [
    [0, 0],
    [0, height - x.shape[1]!],
    [0, width - x.shape[2]!],
    [0, 0],
  ]);
// Whole sizes: the gradient of slice takes −1 at its word.
const crop = (x: Tensor, height: number, width: number) =>
  slice(x, [0, 0, 0, 0], [x.shape[0]!, height, width, x.shape[3]!]);

interface Sizes {
  readonly map: readonly [number, number];
  readonly window: number;
  readonly shift: number;
  readonly rule: WindowRule;
}

/** −100 between regions, numbered by the slices of the published code. */
function plainMask([height, width]: number[], window: number[], shift: number[]): Tensor {
  const region = (place: number, side: number, axis: number) =>
    shift[axis] === 0 ? 0 : place < side - window[axis]! ? 0 : place < side - shift[axis]! ? 1 : 2;
  const rows: number[] = [];
  for (let top = 0; top < height!; top += window[0]!)
    for (let left = 0; left < width!; left += window[1]!) {
      const own: number[] = [];
      for (let y = top; y < top + window[0]!; y++)
        for (let x = left; x < left + window[1]!; x++) own.push(3 * region(y, height!, 0) + region(x, width!, 1));
      for (const a of own) for (const b of own) rows.push(a === b ? 0 : -100);
    }
  const size = window[0]! * window[1]!;
  return tensor(rows, [rows.length / size ** 2, size, size]);
}

function plainBias(table: Tensor, [height, width]: number[], of: number): Tensor {
  const size = height! * width!;
  const indices: number[] = [];
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const down = Math.floor(i / width!) - Math.floor(j / width!) + of - 1;
      indices.push(down * (2 * of - 1) + (i % width!) - (j % width!) + of - 1);
    }
  const picked = matMul(oneHot(tensor(indices, [indices.length], 'int32'), table.shape[0]!), table);
  return reshape(transpose(picked), [table.shape[1]!, size, size]);
}

/** As it is published: pad and roll (transformers), or roll and pad (timm); partition, attention, and all that back. */
function plainWindows(heads: number, { map, window: most, shift: wanted, rule }: Sizes) {
  const least = Math.min(...map);
  const clipped = map.map((side) => Math.min(rule === 'timm' ? side : least, most));
  const shift = map.map((side) => ((rule === 'timm' ? side : least) <= most ? 0 : wanted));
  const [h, w] = clipped as [number, number];
  const [height, width] = [Math.ceil(map[0] / h) * h, Math.ceil(map[1] / w) * w];
  const mask = plainMask([height, width], clipped, shift);
  return (
    x: Tensor,
    gain: Tensor,
    shiftBias: Tensor,
    qkv: Tensor,
    qkvBias: Tensor,
    table: Tensor,
    projection: Tensor,
    projectionBias: Tensor,
  ): Tensor => {
    const [batch, , , channels] = x.shape as [number, number, number, number];
    const rolled = (t: Tensor, sign: 1 | -1) => roll(roll(t, 1, sign * shift[0]!), 2, sign * shift[1]!);
    const normed = norm(x, gain, shiftBias);
    const whole = rule === 'timm' ? padTo(rolled(normed, 1), height, width) : rolled(padTo(normed, height, width), 1);
    const parted = transpose(reshape(whole, [batch, height / h, h, width / w, w, channels]), [0, 1, 3, 2, 4, 5]);
    const windows = reshape(parted, [-1, h * w, channels]);
    const [q, k, v] = split(linear(windows, qkv, qkvBias), 3, -1).map((t) =>
      transpose(reshape(t, [-1, h * w, heads, channels / heads]), [0, 2, 1, 3]),
    );
    const scores = mul(matMul(q!, transpose(k!, [0, 1, 3, 2])), Math.sqrt(heads / channels));
    const size = h * w;
    const byPicture = reshape(add(scores, plainBias(table, clipped, most)), [batch, -1, heads, size, size]);
    const masked = add(byPicture, reshape(mask, [1, -1, 1, size, size]));
    const p = reshape(softmax(masked), [-1, heads, size, size]);
    const out = linear(
      reshape(transpose(matMul(p, v!), [0, 2, 1, 3]), [-1, size, channels]),
      projection,
      projectionBias,
    );
    const joined = transpose(reshape(out, [batch, height / h, width / w, h, w, channels]), [0, 1, 3, 2, 4, 5]);
    const map4 = reshape(joined, [batch, height, width, channels]);
    return rule === 'timm' ? rolled(crop(map4, ...map), -1) : crop(rolled(map4, -1), ...map);
  };
}

/** A sink that fails at a parameter leaves nothing behind. */
async function expectFreed(layer: Differentiable, x: Tensor, failing: Parameter): Promise<void> {
  await expectNoLeak(async () => {
    const { value, pullback } = layer.trace(x, inference);
    const sink = (parameter: Parameter, gradient: Tensor) => {
      gradient.dispose();
      if (parameter === failing) throw new Error('a sink that fails');
    };
    expect(() => pullback(value, sink)).toThrow('a sink that fails');
    value.dispose();
  });
}

const maps: Omit<Sizes, 'rule'>[] = [
  { map: [8, 8], window: 4, shift: 0 },
  { map: [8, 8], window: 4, shift: 2 },
  { map: [6, 9], window: 4, shift: 2 },
  { map: [5, 7], window: 3, shift: 1 },
  // The window clipped on one axis, on both, and its shift turned off.
  { map: [3, 9], window: 4, shift: 2 },
  { map: [4, 9], window: 4, shift: 2 },
  { map: [2, 3], window: 4, shift: 2 },
];

const contexts: [string, Context][] = [
  ['whole', inference],
  ['in 3 parts', trainingContext(1, 0, { chunks: 3 })],
];

describe.each(await testBackends(['cpu', 'wasm', 'node']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('like the tape', () => {
    beforeAll(start);

    const cases = maps.flatMap((map) => (['hugging-face', 'timm'] as const).map((rule) => ({ ...map, rule })));
    test.each(cases)('windows of $window, shifted by $shift, on $map, by the rule of $rule', async (sizes) => {
      const [heads, width] = [2, 6];
      const own = {
        gain: parameter('gain', [width]),
        bias: parameter('bias', [width]),
        qkv: parameter('qkv', [width, 3 * width]),
        qkvBias: parameter('qkv bias', [3 * width]),
        table: parameter('table', [(2 * sizes.window - 1) ** 2, heads]),
        projection: parameter('projection', [width, width]),
        projectionBias: parameter('projection bias', [width]),
      };
      const { gain, bias, ...attention } = own;
      const block = windowAttentionSubBlock('block', {
        norm: { gain, bias, epsilon },
        attention: { heads, ...attention, ...sizes },
      });
      const x = random([2, ...sizes.map, width]);
      for (const [, context] of contexts) await expectLikeTape(block, x, plainWindows(heads, sizes) as never, context);
      for (const failing of block.parameters) await expectFreed(block, x, failing);
      for (const item of [...Object.values(own), x]) item.dispose();
    });

    test.each([
      [4, 6],
      [5, 6],
      [3, 5],
      [1, 1],
    ])('patch merging of a map of %i×%i', async (height, width) => {
      const [channels, out] = [3, 5];
      const own = [parameter('gain', [12]), parameter('bias', [12]), parameter('reduction', [12, out])] as const;
      const [gain, bias, reduction] = own;
      const layer = new PatchMerging({ norm: { gain, bias, epsilon }, reduction });
      const x = random([2, height, width, channels]);
      const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
      const plain = (t: Tensor, g: Tensor, b: Tensor, w: Tensor) => {
        const parts = reshape(padTo(t, 2 * rows, 2 * columns), [2, rows, 2, columns, 2, channels]);
        return linear(norm(reshape(transpose(parts, [0, 1, 3, 4, 2, 5]), [2, rows, columns, 12]), g, b), w);
      };
      for (const [, context] of contexts) await expectLikeTape(layer, x, plain as never, context);
      for (const item of [...own, x]) item.dispose();
    });

    test('pixels to a map of patches', async () => {
      const own = [parameter('weight', [12, 5]), parameter('bias', [5])] as const;
      const layer = new PatchMap(new PatchEmbed(...own, 2), 2, []);
      const x = random([2, 4, 6, 3]);
      const plain = (t: Tensor, w: Tensor, b: Tensor) => {
        const parts = transpose(reshape(t, [2, 2, 2, 3, 2, 3]), [0, 1, 3, 2, 4, 5]);
        return linear(reshape(parts, [2, 2, 3, 12]), w, b);
      };
      await expectLikeTape(layer, x, plain as never);
      for (const item of [...own, x]) item.dispose();
    });
  });
});
