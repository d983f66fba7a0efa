/** layerNorm, attention and windowAttention against their definitions. */

import { tensor } from '@tensorflow/tfjs-core';
import type {
  AttentionKernel,
  LayerNormKernel,
  WindowAttentionKernel,
  WindowAttentionOptions,
} from '../../src/index.ts';
import { type Check, checks, type Input, input, rowsOf } from './case.ts';
import type { Node, Tape } from './float64.ts';
import { type Implementation, implementations } from './implementations.ts';

function norm(tape: Tape, x: Node[], gain: Node[], bias: Node[], epsilon: number): Node[] {
  const width = gain.length;
  return rowsOf(x, width).flatMap((row) => {
    const mean = tape.times(tape.sum(row), 1 / width);
    const centred = row.map((v) => tape.sub(v, mean));
    const variance = tape.times(tape.dot(centred, centred), 1 / width);
    const deviation = tape.sqrt(tape.plus(variance, epsilon));
    return centred.map((v, c) => tape.add(tape.mul(tape.div(v, deviation), gain[c]!), bias[c]!));
  });
}

/** Rows whose mean is far larger than their deviation, where E[x²] − E[x]² would lose all digits. */
function farFromZero(shape: readonly number[], seed: number): Input {
  const { values } = input(shape, seed);
  return { shape, values: values.map((value) => value + 300) };
}

function norms(of: Implementation<LayerNormKernel>): Check[] {
  const op = of.kernel;
  const far = checks({
    of,
    name: 'layerNorm far from zero',
    inputs: { x: farFromZero([3, 64], 75), gain: input([64], 85), bias: input([64], 95) },
    shape: [3, 64],
    tolerance: 2e-4,
    apply: ({ x, gain, bias }) => op.apply(x, gain, bias, 1e-5),
    trace: ({ x, gain, bias }) => op.trace(x, gain, bias, 1e-5),
    define: (tape, { x, gain, bias }) => norm(tape, x, gain, bias, 1e-5),
  });
  const usual = [
    [1, 8],
    [1, 1, 6],
    [2, 5, 33],
    [3, 4, 96],
    [1, 1],
    [131, 13],
  ].flatMap((shape, i) =>
    checks({
      of,
      name: `layerNorm [${shape}]`,
      inputs: {
        x: input(shape, 70 + i, 3),
        gain: input([shape.at(-1)!], 80 + i),
        bias: input([shape.at(-1)!], 90 + i),
      },
      shape,
      tolerance: 5e-5,
      apply: ({ x, gain, bias }) => op.apply(x, gain, bias, 1e-5),
      trace: ({ x, gain, bias }) => op.trace(x, gain, bias, 1e-5),
      define: (tape, { x, gain, bias }) => norm(tape, x, gain, bias, 1e-5),
    }),
  );
  return [...usual, ...far];
}

interface Sizes {
  readonly batch: number;
  readonly tokens: number;
  readonly heads: number;
  readonly width: number;
  readonly scale?: number;
}

/** Every query's softmax over every key, head by head. */
function attend(
  tape: Tape,
  qkv: Node[],
  { batch, tokens, heads, width, scale }: Sizes,
  /** What is added to a score. */
  offset?: (b: number, head: number, query: number, key: number) => Node,
): Node[] {
  const channels = heads * width;
  const factor = scale ?? 1 / Math.sqrt(width);
  const vector = (b: number, n: number, part: number, head: number) => {
    const from = (b * tokens + n) * 3 * channels + part * channels + head * width;
    return qkv.slice(from, from + width);
  };
  const result: Node[] = [];
  for (let b = 0; b < batch; b++)
    for (let n = 0; n < tokens; n++)
      for (let head = 0; head < heads; head++) {
        const query = vector(b, n, 0, head);
        const others = Array.from({ length: tokens }, (_, m) => m);
        const powers = others.map((m) => {
          const score = tape.times(tape.dot(query, vector(b, m, 1, head)), factor);
          return tape.exp(offset ? tape.add(score, offset(b, head, n, m)) : score);
        });
        const total = tape.sum(powers);
        const weights = powers.map((power) => tape.div(power, total));
        const values = others.map((m) => vector(b, m, 2, head));
        for (let c = 0; c < width; c++)
          result.push(
            tape.dot(
              weights,
              values.map((value) => value[c]!),
            ),
          );
      }
  return result;
}

const attentionSizes: Sizes[] = [
  { batch: 1, tokens: 1, heads: 1, width: 4 },
  { batch: 2, tokens: 5, heads: 3, width: 2 },
  { batch: 1, tokens: 33, heads: 2, width: 8 },
  { batch: 3, tokens: 6, heads: 1, width: 5, scale: 0.7 },
  // More tokens than are worked on at a time.
  { batch: 1, tokens: 131, heads: 1, width: 3 },
  // More tokens than a workgroup has lanes, and no multiple of its rows; heads of more channels than lanes.
  { batch: 1, tokens: 67, heads: 1, width: 12 },
  { batch: 1, tokens: 3, heads: 2, width: 72 },
];

function attentions(of: Implementation<AttentionKernel>): Check[] {
  const op = of.kernel;
  return attentionSizes.flatMap((sizes, i) => {
    const { batch, tokens, heads, width, scale } = sizes;
    const options = scale === undefined ? { heads } : { heads, scale };
    return checks({
      of,
      name: `attention ${JSON.stringify(sizes)}`,
      inputs: { qkv: input([batch, tokens, 3 * heads * width], 100 + i) },
      shape: [batch, tokens, heads * width],
      tolerance: 5e-5,
      apply: ({ qkv }) => op.apply(qkv, options),
      trace: ({ qkv }) => op.trace(qkv, options),
      define: (tape, { qkv }) => attend(tape, qkv, sizes),
    });
  });
}

/** Bias and mask, in windows of two pictures. */
function windows(of: Implementation<WindowAttentionKernel>): Check[] {
  const op = of.kernel;
  return [
    { batch: 4, tokens: 4, heads: 2, width: 4 },
    { batch: 2, tokens: 35, heads: 1, width: 3 },
    // More windows than sums of the bias's gradient run side by side on node.
    { batch: 50, tokens: 3, heads: 1, width: 2 },
    // More than a block of queries, and more heads than the reference takes at a time.
    { batch: 2, tokens: 131, heads: 4, width: 2 },
  ].flatMap((sizes, i) =>
    [false, true].flatMap((masked) => {
      const { batch, tokens, heads, width } = sizes;
      const mask = input([2, tokens, tokens], 130 + i);
      const options = () => (masked ? { heads, mask: tensor(mask.values, [2, tokens, tokens]) } : { heads });
      const call = <T>(body: (options: WindowAttentionOptions) => T): T => {
        const made = options();
        const result = body(made);
        made.mask?.dispose();
        return result;
      };
      return checks({
        of,
        name: `windowAttention ${JSON.stringify(sizes)}${masked ? ' masked' : ''}`,
        inputs: {
          qkv: input([batch, tokens, 3 * heads * width], 110 + i),
          bias: input([heads, tokens, tokens], 120 + i),
        },
        shape: [batch, tokens, heads * width],
        tolerance: 5e-5,
        apply: ({ qkv, bias }) => call((o) => op.apply(qkv, bias, o)),
        trace: ({ qkv, bias }) => call((o) => op.trace(qkv, bias, o)),
        define: (tape, { qkv, bias }) =>
          attend(tape, qkv, sizes, (b, head, n, m) => {
            const own = bias[(head * tokens + n) * tokens + m]!;
            return masked ? tape.plus(own, mask.values[((b % 2) * tokens + n) * tokens + m]!) : own;
          }),
      });
    }),
  );
}

export const blockChecks: Check[] = [
  ...implementations.layerNorm.flatMap(norms),
  ...implementations.attention.flatMap(attentions),
  ...implementations.windowAttention.flatMap(windows),
];
