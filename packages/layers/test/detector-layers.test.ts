/** Layers of detection transformers against the tape: group norm, convolution, attention with positions, post-norm sub-blocks. */
import { type Context, type Differentiable, inference, once, type Sink, trainingContext } from '@dr2net/ops';
import { expectClose, expectNoLeak, testBackends } from '@dr2net/testing';
import {
  add,
  conv2d,
  dispose,
  div,
  matMul,
  mean,
  mul,
  pad,
  relu,
  reshape,
  softmax,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  tensor,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  boxPositions,
  Convolution,
  GroupNorm,
  LayerNorm,
  Linear,
  PositionedAttention,
  postNormSubBlock,
  Relu,
  sequential,
} from '../src/index.ts';
import { expectLikeTape, parameter, random } from './against-tape.ts';

const epsilon = 1e-5;

const normalised = (x: Tensor, axes: number[]): Tensor => {
  const centred = sub(x, mean(x, axes, true));
  return div(centred, sqrt(add(mean(square(centred), axes, true), epsilon)));
};
const plainLinear = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
  add(reshape(matMul(reshape(x, [-1, weight.shape[0]!]), weight), [...x.shape.slice(0, -1), weight.shape[1]!]), bias);

test('positions of boxes are sines and cosines in turn, from fast to slow', async () => {
  await expectNoLeak(async () => {
    const boxes = tensor([0.25, 0.5, 0.1, 1], [1, 4]);
    const made = boxPositions(boxes, 4);
    const expected = [0.25, 0.5, 0.1, 1].flatMap((place) =>
      [1, 100].flatMap((slower) => {
        const angle = (2 * Math.PI * place) / slower;
        return [Math.sin(angle), Math.cos(angle)];
      }),
    );
    await expectClose(made, { shape: [1, 16], data: expected }, { rtol: 1e-5, atol: 1e-6 });
    dispose([boxes, made]);
  });
  const boxes = zeros([1, 4]);
  expect(() => boxPositions(boxes, 3)).toThrow('features is 3; an even number of 2 or more is needed.');
  boxes.dispose();
});

describe.each(await testBackends(['cpu', 'wasm', 'node']))('$name', ({ name: backend, available, start }) => {
  describe.skipIf(!available)('like the tape', () => {
    beforeAll(start);

    test('GroupNorm, and groups that do not divide are refused', async () => {
      const x = random([2, 3, 4, 12]);
      const [gain, bias] = [parameter('gain', [12]), parameter('bias', [12])];
      for (const groups of [1, 3, 12])
        await expectLikeTape(new GroupNorm(gain, bias, groups, epsilon), x, (t, g, b) => {
          const grouped = normalised(reshape(t, [2, 12, groups, 12 / groups]), [1, 3]);
          return add(mul(reshape(grouped, [2, 3, 4, 12]), g!), b!);
        });
      expect(() => new GroupNorm(gain, bias, 5, epsilon)).toThrow('5 groups do not divide the 12 channels of gain');
      dispose([x]);
      for (const each of [gain, bias]) each.dispose();
    });

    // wasm has no gradient of a convolution to compare with.
    test.skipIf(backend === 'wasm')('Convolution, of odd and even maps', async () => {
      const [weight, bias] = [parameter('weight', [9 * 3, 5]), parameter('bias', [5])];
      for (const [height, width] of [
        [5, 4],
        [6, 7],
        [1, 1],
      ] as const) {
        const x = random([2, height, width, 3]);
        // The TensorFlow backend pads with no numbers.
        const around: [number, number][] = [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ];
        await expectLikeTape(new Convolution(weight, bias, { kernel: 3, stride: 2, padding: 1 }), x, (t, w, b) =>
          add(conv2d(pad(t, around) as never, reshape(w!, [3, 3, 3, 5]), 2, 'valid'), b!),
        );
        x.dispose();
      }
      for (const each of [weight, bias]) each.dispose();
    });

    const heads = 2;
    const plainAttention = (x: Tensor, p: Tensor, w: readonly Tensor[], mask?: Tensor): Tensor => {
      const [batch, tokens, width] = x.shape as [number, number, number];
      const [q, k] = split(plainLinear(add(x, p), w[0]!, w[1]!), 2, 2) as [Tensor, Tensor];
      const apart = (t: Tensor) => transpose(reshape(t, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
      const [a, b, c] = [apart(q), apart(k), apart(plainLinear(x, w[2]!, w[3]!))];
      const scores = mul(matMul(a, transpose(b, [0, 1, 3, 2])), 1 / Math.sqrt(width / heads));
      const shown = mask ? add(scores, reshape(mask, [mask.shape[0]!, 1, tokens, tokens])) : scores;
      const read = reshape(transpose(matMul(softmax(shown), c), [0, 2, 1, 3]), [batch, tokens, width]);
      return plainLinear(read, w[4]!, w[5]!);
    };
    const makeAttention = () =>
      new PositionedAttention({
        heads,
        queryKey: parameter('query, key', [4, 8]),
        queryKeyBias: parameter('query, key bias', [8]),
        value: parameter('value', [4, 4]),
        valueBias: parameter('value bias', [4]),
        projection: parameter('projection', [4, 4]),
        projectionBias: parameter('projection bias', [4]),
      });

    /** One of the two inputs as that of a layer. */
    const asLayer = (
      layer: PositionedAttention,
      other: Tensor,
      of: 'x' | 'position',
      mask?: Tensor,
    ): Differentiable => {
      const inputs = (t: Tensor) => ({
        ...(of === 'x' ? { x: t, position: other } : { x: other, position: t }),
        ...(mask && { mask }),
      });
      return {
        parameters: layer.parameters,
        apply: (t) => layer.apply(inputs(t)),
        trace: (t) => {
          const { value, pullback } = layer.trace(inputs(t));
          const run = (dy: Tensor, sink: Sink) => {
            const { x, position } = pullback(dy, sink, of === 'position');
            if (of === 'x') expect(position).toBeUndefined();
            if (of === 'position') x.dispose();
            return of === 'x' ? x : position!;
          };
          return { value, pullback: once('as a layer', [pullback], run) };
        },
      };
    };

    test('attention with positions, of x and of the positions, with masks of the batch and of each sample', async () => {
      const layer = makeAttention();
      const [x, position] = [random([2, 5, 4]), random([2, 5, 4])];
      const masks = [1, 2].map((count) =>
        tensor(
          Array.from({ length: count * 25 }, (_, i) => (i % 25 === (i % 5) * 6 || i % 3 ? 0 : -1e9)),
          [count, 5, 5],
        ),
      );
      for (const mask of [undefined, ...masks]) {
        await expectLikeTape(asLayer(layer, position, 'x', mask), x, (t, ...w) => plainAttention(t, position, w, mask));
        await expectLikeTape(asLayer(layer, x, 'position', mask), position, (t, ...w) => plainAttention(x, t, w, mask));
      }
      for (const each of layer.parameters) each.dispose();
      dispose([x, position, ...masks]);
    });

    test('a post-norm sub-block, in parts of the rows too', async () => {
      const weights = [
        parameter('a', [4, 6]),
        parameter('b', [6]),
        parameter('c', [6, 4]),
        parameter('d', [4]),
      ] as const;
      const [gain, bias] = [parameter('gain', [4]), parameter('bias', [4])];
      const branch = sequential('mlp', [
        new Linear(weights[0], weights[1]),
        new Relu(),
        new Linear(weights[2], weights[3]),
      ]);
      const block = postNormSubBlock('mlp', branch, new LayerNorm(gain, bias, epsilon), true);
      const x = random([2, 5, 4]);
      const contexts: Context[] = [inference, trainingContext(1, 0, { chunks: 3 })];
      for (const context of contexts)
        await expectLikeTape(
          block,
          x,
          (t, ...w) => {
            const inner = plainLinear(relu(plainLinear(t, w[0]!, w[1]!)), w[2]!, w[3]!);
            return sub(add(mul(normalised(add(t, inner), [2]), w[4]!), w[5]!), t);
          },
          context,
        );
      for (const each of [...weights, gain, bias]) each.dispose();
      x.dispose();
    });

    test('what fails in a sink leaves nothing behind', () =>
      expectNoLeak(() => {
        const layer = makeAttention();
        const [gain, bias] = [parameter('gain', [4]), parameter('bias', [4])];
        const convolution = new Convolution(parameter('weight', [36, 4]), null, { kernel: 3, stride: 2, padding: 1 });
        const [x, position] = [random([1, 3, 4]), random([1, 3, 4])];
        const failing: Sink = (_parameter, gradient) => {
          gradient.dispose();
          throw new Error('a sink that fails');
        };
        const block = postNormSubBlock('attention', asLayer(layer, position, 'x'), new LayerNorm(gain, bias, epsilon));
        for (const each of [block, new GroupNorm(gain, bias, 2, epsilon)]) {
          const { value, pullback } = each.trace(x, inference);
          expect(() => pullback(x, failing)).toThrow('a sink that fails');
          value.dispose();
        }
        const map = random([1, 2, 2, 4]);
        const { value, pullback } = convolution.trace(map, inference);
        expect(() => pullback(value, failing)).toThrow('a sink that fails');
        for (const each of [...layer.parameters, ...convolution.parameters, gain, bias]) each.dispose();
        dispose([x, position, map, value]);
      }));
  });
});
