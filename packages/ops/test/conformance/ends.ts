/** Where a network begins and ends: patch and tubelet embedding, gather, the loss. */
import { cast, dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { gather, patchEmbed, type SoftmaxCrossEntropyKernel, softTargets, tubeletEmbed } from '../../src/index.ts';
import { type Check, checks, input, rowsOf } from './case.ts';
import type { Node, Tape } from './float64.ts';
import { type Implementation, implementations } from './implementations.ts';
import { sizeOf } from './random.ts';

/** A convolution with kernel = stride, written as one: for every output position, over every input position in its window. */
function embed(
  tape: Tape,
  pixels: Node[],
  weight: Node[],
  bias: Node[],
  shape: readonly number[],
  t: number,
  p: number,
) {
  const [batch, frames, height, width, channels] = shape as [number, number, number, number, number];
  const out = bias.length;
  const result: Node[] = [];
  for (let b = 0; b < batch; b++)
    for (let f = 0; f < frames; f += t)
      for (let y = 0; y < height; y += p)
        for (let x = 0; x < width; x += p)
          for (let o = 0; o < out; o++) {
            let sum = bias[o]!;
            for (let df = 0, row = 0; df < t; df++)
              for (let dy = 0; dy < p; dy++)
                for (let dx = 0; dx < p; dx++)
                  for (let c = 0; c < channels; c++, row++) {
                    const at = (((b * frames + f + df) * height + y + dy) * width + x + dx) * channels + c;
                    sum = tape.add(sum, tape.mul(pixels[at]!, weight[row * out + o]!));
                  }
            result.push(sum);
          }
  return result;
}

const images = [
  { shape: [1, 4, 4, 1], patch: 4, out: 3 },
  { shape: [2, 4, 6, 3], patch: 2, out: 5 },
].flatMap(({ shape, patch, out }, i) => {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  return checks({
    name: `patchEmbed [${shape}] by ${patch}`,
    inputs: {
      pixels: input(shape, 110 + i),
      weight: input([patch * patch * channels, out], 120 + i),
      bias: input([out], 130 + i),
    },
    shape: [batch, (height / patch) * (width / patch), out],
    apply: ({ pixels, weight, bias }) => patchEmbed.apply(pixels, weight, bias, { patch }),
    trace: ({ pixels, weight, bias }) => patchEmbed.trace(pixels, weight, bias, { patch }),
    define: (tape, { pixels, weight, bias }) =>
      embed(tape, pixels, weight, bias, [batch, 1, height, width, channels], 1, patch),
  });
});

const clips = [
  { shape: [1, 2, 2, 2, 1], tubelet: 2, patch: 2, out: 1 },
  { shape: [2, 4, 4, 6, 3], tubelet: 2, patch: 2, out: 4 },
  { shape: [1, 3, 4, 4, 2], tubelet: 1, patch: 2, out: 3 },
].flatMap(({ shape, tubelet, patch, out }, i) => {
  const [batch, frames, height, width, channels] = shape as [number, number, number, number, number];
  return checks({
    name: `tubeletEmbed [${shape}] by ${tubelet}×${patch}`,
    inputs: {
      pixels: input(shape, 140 + i),
      weight: input([tubelet * patch * patch * channels, out], 150 + i),
      bias: input([out], 160 + i),
    },
    shape: [batch, (frames / tubelet) * (height / patch) * (width / patch), out],
    apply: ({ pixels, weight, bias }) => tubeletEmbed.apply(pixels, weight, bias, { tubelet, patch }),
    trace: ({ pixels, weight, bias }) => tubeletEmbed.trace(pixels, weight, bias, { tubelet, patch }),
    define: (tape, { pixels, weight, bias }) => embed(tape, pixels, weight, bias, shape, tubelet, patch),
  });
});

const gathers = [
  { table: [1, 3], indices: [0], of: [1] },
  { table: [5, 7], indices: [4, 0, 4, 4, 2, 0], of: [2, 3] },
  { table: [3, 2, 2], indices: [2, 2, 1], of: [3] },
].flatMap(({ table, indices, of }, i) => {
  const width = sizeOf(table.slice(1));
  const list = () => tensor(Int32Array.from(indices), of, 'int32');
  const borrowed = <T>(use: (list: ReturnType<typeof tensor>) => T): T => {
    const t = list();
    const result = use(t);
    t.dispose();
    return result;
  };
  return checks({
    name: `gather [${table}] by [${of}]`,
    inputs: { table: input(table, 170 + i) },
    shape: [...of, ...table.slice(1)],
    apply: (t) => borrowed((at) => gather.apply(t.table, at)),
    trace: (t) => borrowed((at) => gather.trace(t.table, at)),
    define: (_, t) => indices.flatMap((row) => t.table.slice(row * width, (row + 1) * width)),
  });
});

const lossSizes = [
  { rows: 1, classes: 1, scale: 1, smoothing: 0 },
  { rows: 1, classes: 2, scale: 1, smoothing: 0 },
  { rows: 5, classes: 7, scale: 3, smoothing: 0.1 },
  { rows: 3, classes: 4, scale: 200, smoothing: 0.2 },
  { rows: 70, classes: 3, scale: 1, smoothing: 0.1 },
  { rows: 2, classes: 1025, scale: 2, smoothing: 0.1 },
  { rows: 3, classes: 65, scale: 1, smoothing: 0, integers: true },
];

function losses(of: Implementation<SoftmaxCrossEntropyKernel>): Check[] {
  const op = of.kernel;
  return lossSizes.flatMap(({ rows, classes, scale, smoothing, integers = false }, i) => {
    const labels = Array.from({ length: rows }, (_, row) => (row * 3 + 1) % classes);
    const borrowed = <T>(use: (targets: Tensor) => T): T => {
      const made = softTargets(labels, classes, smoothing);
      const targets = integers ? cast(made, 'int32') : made;
      const result = use(targets);
      dispose([made, targets]);
      return result;
    };
    return checks({
      of,
      name: `softmaxCrossEntropy [${rows}, ${classes}] of scale ${scale}${integers ? ', targets of integers' : ''}`,
      inputs: { logits: input([rows, classes], 180 + i, scale) },
      shape: [],
      apply: ({ logits }) => borrowed((targets) => op.apply(logits, targets)),
      trace: ({ logits }) => borrowed((targets) => op.trace(logits, targets)),
      define(tape, { logits }) {
        const each = rowsOf(logits, classes).map((row, r) => {
          const largest = Math.max(...row.map((z) => tape.value(z)));
          const shifted = row.map((z) => tape.plus(z, -largest));
          const logTotal = tape.log(tape.sum(shifted.map(tape.exp)));
          return tape.sum(
            shifted.map((z, c) =>
              tape.times(tape.sub(logTotal, z), (c === labels[r] ? 1 - smoothing : 0) + smoothing / classes),
            ),
          );
        });
        return [tape.times(tape.sum(each), 1 / rows)];
      },
    });
  });
}

export const endChecks: Check[] = [
  ...images,
  ...clips,
  ...gathers,
  ...implementations.softmaxCrossEntropy.flatMap(losses),
];
