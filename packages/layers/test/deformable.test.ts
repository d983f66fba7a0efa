/** The layer of deformable attention against the tape over many sizes, and what it promises beside. */
import '@tensorflow/tfjs';
import type { Parameter } from '@dr2net/ops';
import { expectClose, expectNoLeak } from '@dr2net/testing';
import {
  add,
  dispose,
  grads,
  memory,
  mul,
  setBackend,
  sub,
  sum,
  type Tensor,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { DeformableAttention, type DeformableAttentionInputs, initialOffsets, sinePositions } from '../src/index.ts';
import { parameter, random } from './against-tape.ts';
import { plainDeformable, type Sizes } from './plain-deformable.ts';

test('at the beginning heads look in directions of their own, points further and further', () => {
  const expected = [
    1, 0, 2, 0, 1, 0, 2, 0, 0, 1, 0, 2, 0, 1, 0, 2, -1, 0, -2, 0, -1, 0, -2, 0, 0, -1, 0, -2, 0, -1, 0, -2,
  ];
  const made = initialOffsets(4, 2, 2);
  expect(Array.from(made, (value) => Math.round(1e5 * value) / 1e5 + 0)).toEqual(expected);
});

test('sine positions refuse odd features and padding of another size', () => {
  const map = { batch: 1, height: 2, width: 3 };
  expect(() => sinePositions(map, { features: 3 })).toThrow('features is 3; an even number of 2 or more is needed.');
  expect(() => sinePositions({ ...map, padding: [0] }, { features: 4 })).toThrow(
    'padding has 1 cells; 1 × 2 × 3 are needed.',
  );
});

interface Drawn extends Sizes {
  readonly batch: number;
  readonly queries: number;
  /** Channels a head. */
  readonly channels: number;
  readonly boxes: boolean;
  readonly padded: boolean;
}

function layerOf({ heads, points, shapes, channels }: Drawn) {
  const width = heads * channels;
  const each = heads * shapes.length * points;
  return new DeformableAttention({
    heads,
    points,
    offsets: parameter('offsets', [width, 2 * each]),
    offsetsBias: parameter('offsets bias', [2 * each]),
    weights: parameter('weights', [width, each]),
    weightsBias: parameter('weights bias', [each]),
    value: parameter('value', [width, width]),
    valueBias: parameter('value bias', [width]),
    projection: parameter('projection', [width, width]),
    projectionBias: parameter('projection bias', [width]),
  });
}

function inputsOf({ batch, queries, heads, channels, shapes, boxes, padded }: Drawn) {
  const cells = shapes.reduce((all, [height, across]) => all + height * across, 0);
  const [query, source] = [random([batch, queries, heads * channels]), random([batch, cells, heads * channels])];
  // From outside the maps on one side to outside on the other.
  const around = tidy(() => add(mul(random([batch, queries, shapes.length, boxes ? 4 : 2]), 0.6), 0.5));
  const padding = tensor(
    Array.from({ length: batch * cells }, (_, i) => (padded && i % 3 === 0 ? 1 : 0)),
    [batch, cells],
  );
  return { query, source, reference: around, padding };
}

const sizes: fc.Arbitrary<Drawn> = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  queries: fc.integer({ min: 1, max: 4 }),
  heads: fc.integer({ min: 1, max: 3 }),
  channels: fc.integer({ min: 1, max: 5 }),
  points: fc.integer({ min: 1, max: 3 }),
  shapes: fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    maxLength: 3,
  }),
  boxes: fc.boolean(),
  padded: fc.boolean(),
});

const close = { rtol: 2e-4, atol: 1e-5 };

async function expectLikeTape(drawn: Drawn): Promise<void> {
  const layer = layerOf(drawn);
  const inputs = inputsOf(drawn);
  const { padding, ...rest } = inputs;
  const order = [rest.query, rest.source, rest.reference] as const;
  const inside = sub(1, padding.expandDims(2));
  const plain = (...all: Tensor[]) =>
    plainDeformable(drawn, all.slice(0, 3) as [Tensor, Tensor, Tensor], inside, all.slice(3));
  const values = [...order, ...layer.parameters.map(({ variable }) => variable as Tensor)];
  const expected = plain(...values);
  const dy = random(expected.shape);
  const wanted = grads((...all: Tensor[]) => sum(mul(plain(...all), dy)))(values);
  await expectNoLeak(async () => {
    const { value, pullback } = layer.trace({ ...rest, padding, shapes: drawn.shapes });
    const found = new Map<Parameter, Tensor>();
    const gradients = pullback(dy, (owner, gradient) => found.set(owner, gradient));
    await expectClose(value, expected, close, 'value');
    for (const [i, name] of (['query', 'source', 'reference'] as const).entries())
      await expectClose(gradients[name]!, wanted[i]!, close, `gradient of ${name}`);
    for (const [i, owner] of layer.parameters.entries())
      await expectClose(found.get(owner)!, wanted[i + 3]!, close, `gradient of ${owner.name}`);
    dispose([value, gradients, ...found.values()]);
  });
  for (const each of layer.parameters) each.dispose();
  dispose([inputs, inside, expected, dy, wanted]);
}

describe('on the cpu backend', () => {
  beforeAll(async () => {
    await setBackend('cpu');
  });

  test('like the tape, whatever the sizes', () => fc.assert(fc.asyncProperty(sizes, expectLikeTape), { numRuns: 20 }));

  const drawn: Drawn = {
    ...{ batch: 1, queries: 2, heads: 2, channels: 2, points: 2, boxes: true, padded: true },
    shapes: [
      [2, 3],
      [1, 2],
    ],
  };

  test('gives the wanted gradients alone, of parameters those that learn, and leaks nothing when the sink fails', async () => {
    const layer = layerOf(drawn);
    const inputs: DeformableAttentionInputs = { ...inputsOf(drawn), shapes: drawn.shapes };
    const dy = random([1, 2, 4]);
    const frozen = layer.parameters.filter(({ name }) => name !== 'projection');
    for (const each of frozen) each.trainable = false;
    await expectNoLeak(() => {
      for (const name of ['query', 'source', 'reference'] as const) {
        const { value, pullback } = layer.trace(inputs);
        const reached: string[] = [];
        const gradients = pullback(
          dy,
          (owner, gradient) => {
            reached.push(owner.name);
            gradient.dispose();
          },
          { [name]: true },
        );
        expect(Object.keys(gradients)).toEqual([name]);
        expect(gradients[name]!.shape).toEqual(inputs[name].shape);
        expect(reached).toEqual(['projection']);
        expect(() => pullback(dy, () => {})).toThrow(/already run/);
        dispose([value, gradients as Record<string, Tensor>]);
      }
    });
    for (const each of frozen) each.trainable = true;
    for (const failing of layer.parameters) {
      const before = memory().numTensors;
      const { value, pullback } = layer.trace(inputs);
      value.dispose();
      const run = () =>
        pullback(dy, (owner, gradient) => {
          gradient.dispose();
          if (owner === failing) throw new Error('a sink that fails');
        });
      expect(run).toThrow('a sink that fails');
      expect(memory().numTensors, failing.name).toBe(before);
    }
    for (const each of layer.parameters) each.dispose();
    dispose([inputs.query, inputs.source, inputs.reference, inputs.padding!, dy]);
  });

  test('refuses what does not fit', () =>
    expectNoLeak(() => {
      const layer = layerOf(drawn);
      const inputs = { ...inputsOf(drawn), shapes: drawn.shapes };
      const before = memory().numTensors;
      const refused = (change: Partial<DeformableAttentionInputs>, message: string) =>
        expect(() => layer.trace({ ...inputs, ...change })).toThrow(message);
      refused({ shapes: [[2, 4]] }, '1 levels were given; this layer is for 2.');
      refused(
        {
          shapes: [
            [2, 3],
            [1, 3],
          ],
        },
        'the levels have 9 cells',
      );
      refused({ reference: inputs.query }, 'reference is [1,2,4] where [1, 2, 2, 2 or 4] is needed (query is [1,2,4])');
      refused({ padding: inputs.query }, 'padding is [1,2,4] where [1,8] is needed');
      expect(memory().numTensors).toBe(before);
      const wrong = { ...drawn, points: 3 };
      const [offsets, weights] = [parameter('o', [4, 16]), parameter('w', [4, 9])];
      const parts = { offsets, weights, value: offsets, projection: offsets };
      const none = { offsetsBias: null, weightsBias: null, valueBias: null, projectionBias: null };
      expect(() => new DeformableAttention({ heads: 2, points: wrong.points, ...parts, ...none })).toThrow(
        'o [4,16] and w [4,9] are not to 2 heads × levels × 3 points, of two offsets and one weight each.',
      );
      for (const each of [...layer.parameters, offsets, weights]) each.dispose();
      dispose([inputs.query, inputs.source, inputs.reference, inputs.padding]);
    }));
});
