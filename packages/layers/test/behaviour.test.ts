/** What layers promise beside their gradients: what is not trainable, masks, errors on the way, memory. */
import '@tensorflow/tfjs-backend-cpu';
import { type Differentiable, discard, inference, type Parameter, trainingContext } from '@dr2net/ops';
import { expectClose, expectIdentical, expectNoLeak } from '@dr2net/testing';
import { memory, ones, setBackend, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  attentionSubBlock,
  Dropout,
  DropPath,
  inputSequential,
  LayerNorm,
  Linear,
  mlpSubBlock,
  PatchEmbed,
  PositionEmbedding,
  PrefixTokens,
  SpaceTimePosition,
  sequential,
} from '../src/index.ts';
import { parameter, random } from './against-tape.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

/** The names of the parameters whose gradients reach the sink. */
function reached(layer: Differentiable, x: Tensor): string[] {
  const names: string[] = [];
  const { value, pullback } = layer.trace(x, inference);
  const dy = ones(value.shape);
  const dx = pullback(dy, ({ name }, gradient) => {
    names.push(name);
    gradient.dispose();
  });
  for (const tensor of [value, dy, dx]) tensor.dispose();
  return names;
}

test('what is not trainable gets no gradient', () =>
  expectNoLeak(() => {
    const x = random([2, 3, 4]);
    const parts = {
      weight: parameter('weight', [4, 4]),
      bias: parameter('bias', [4]),
      gain: parameter('gain', [4]),
      shift: parameter('shift', [4]),
      position: parameter('position', [1, 3, 4]),
      token: parameter('token', [1, 1, 4]),
      space: parameter('space', [1, 4, 4]),
      time: parameter('time', [1, 1, 4]),
    };
    const layer = sequential('all', [
      new Linear(parts.weight, parts.bias),
      new LayerNorm(parts.gain, parts.shift, 1e-6),
      new PositionEmbedding(parts.position),
      new PrefixTokens([parts.token]),
      new SpaceTimePosition(parts.space, parts.time, 1),
    ]);
    const all = Object.values(parts);
    for (const frozen of all) {
      frozen.trainable = false;
      const others = all.filter((candidate) => candidate !== frozen).map(({ name }) => name);
      expect(reached(layer, x).sort(), frozen.name).toEqual(others.sort());
      frozen.trainable = true;
    }
    for (const item of [x, ...all]) item.dispose();
  }));

test.each([1, 2])(
  'the key third of a keyless bias has no gradient, the others have theirs: %i groups of heads',
  (chunks) =>
    expectNoLeak(async () => {
      const x = random([2, 3, 4]);
      const parts = {
        qkv: parameter('qkv', [4, 12]),
        qkvBias: parameter('qkv bias', [12]),
        projection: parameter('projection', [4, 4]),
        projectionBias: null,
      };
      const norm = { gain: parameter('gain', [4]), bias: parameter('bias', [4]), epsilon: 1e-6 };
      const gradientOf = (keyless: boolean): Float32Array => {
        let found: Float32Array | undefined;
        const block = attentionSubBlock('a', { norm, attention: { heads: 2, ...parts, keyless } });
        const { value, pullback } = block.trace(x, trainingContext(1, 0, { chunks }));
        const dy = random(value.shape);
        const dx = pullback(ones(value.shape), (owner, gradient) => {
          if (owner === parts.qkvBias) found = gradient.dataSync() as Float32Array;
          gradient.dispose();
        });
        for (const tensor of [value, dy, dx]) tensor.dispose();
        return found!;
      };
      const [with0, without] = tidy(() => [gradientOf(true), gradientOf(false)]);
      const third = (data: Float32Array, i: number) => ({ shape: [4], data: data.slice(4 * i, 4 * i + 4) });
      await expectIdentical(third(with0, 1), { shape: [4], data: [0, 0, 0, 0] });
      await expectIdentical(third(with0, 0), third(without, 0));
      await expectIdentical(third(with0, 2), third(without, 2));
      for (const item of [x, parts.qkv, parts.qkvBias, parts.projection, norm.gain, norm.bias]) item.dispose();
    }),
);

describe('random masks', () => {
  test.each([
    ['dropout', (rate: number) => new Dropout(rate), 0.3],
    ['stochastic depth', (rate: number) => new DropPath(rate), 0.5],
  ] as const)(
    '%s: the same in forward, gradient and rebuild; the mean is kept; none without training',
    (_name, make, rate) =>
      expectNoLeak(async () => {
        const layer = make(rate);
        const x = ones([4000, 2, 3]);
        const context = trainingContext(3, 1);
        const { value, pullback } = layer.trace(x, context);
        const again = layer.apply(x, context);
        await expectIdentical(again, value);
        const dx = pullback(x, discard);
        await expectIdentical(dx, value);
        const data = await value.data();
        const kept = data.filter((v) => v !== 0);
        expect(kept.every((v) => v === Math.fround(1 / (1 - rate)))).toBe(true);
        // Four standard deviations of the mean of 4,000 samples.
        expect(Math.abs(kept.length / data.length - (1 - rate))).toBeLessThan(
          4 * Math.sqrt((rate * (1 - rate)) / 4000),
        );
        const other = layer.apply(x, trainingContext(3, 2));
        expect(await other.data()).not.toEqual(data);
        const still = layer.apply(x, inference);
        await expectIdentical(still, x);
        for (const tensor of [x, value, again, dx, other, still]) tensor.dispose();
      }),
  );

  test('stochastic depth drops whole samples', () =>
    expectNoLeak(async () => {
      const x = ones([50, 2, 3]);
      const y = new DropPath(0.5).apply(x, trainingContext(1));
      const data = await y.data();
      for (let sample = 0; sample < 50; sample++)
        expect(new Set(data.slice(6 * sample, 6 * sample + 6)).size, `sample ${sample}`).toBe(1);
      x.dispose();
      y.dispose();
    }));

  test.each([1, -0.1, Number.NaN])('a rate of %d is refused', (rate) => {
    expect(() => new Dropout(rate)).toThrow(`dropout rate ${rate} is not in 0 ≤ rate < 1`);
    expect(() => new DropPath(rate)).toThrow(`drop path rate ${rate}`);
  });
});

/** A layer that throws when it is traced, or in its pullback. */
function broken(where: 'trace' | 'pullback'): Differentiable {
  const fail = (): never => {
    throw new Error('broken');
  };
  return {
    parameters: [],
    apply: fail,
    trace: (x) =>
      where === 'trace' ? fail() : { value: x.clone(), pullback: Object.assign(fail, { dispose: () => {} }) },
  };
}

describe('nothing leaks when', () => {
  const parts: Parameter[] = [];
  const linear = () => {
    const [weight, bias] = [parameter('weight', [4, 4]), parameter('bias', [4])];
    parts.push(weight, bias);
    return new Linear(weight, bias);
  };
  const run = (layer: Differentiable, sink = discard) => {
    const x = random([2, 4]);
    const dy = ones([2, 4]);
    try {
      const { value, pullback } = layer.trace(x, inference);
      value.dispose();
      pullback(dy, sink).dispose();
    } finally {
      x.dispose();
      dy.dispose();
    }
  };

  test.each(['trace', 'pullback'] as const)('a layer throws in its %s', (where) => {
    const layer = sequential('chain', [linear(), broken(where), linear()]);
    return expect(expectNoLeak(() => run(layer))).rejects.toThrow(/^broken$/);
  });

  test('apply throws', () => {
    const layer = sequential('chain', [linear(), broken('trace')]);
    const x = random([2, 4]);
    return expect(expectNoLeak(() => layer.apply(x, inference))).rejects.toThrow(/^broken$/);
  });

  test('the sink throws', () => {
    const layer = sequential('chain', [linear(), linear()]);
    const sink = (_: Parameter, gradient: Tensor) => {
      gradient.dispose();
      throw new Error('the sink is full');
    };
    return expect(expectNoLeak(() => run(layer, sink))).rejects.toThrow(/^the sink is full$/);
  });
});

test('an input layer can leave out the gradient of the pixels, and gives the same parameter gradients', () =>
  expectNoLeak(async () => {
    const parts = [parameter('weight', [12, 4]), parameter('bias', [4]), parameter('position', [1, 4, 4])] as const;
    const stem = inputSequential('stem', new PatchEmbed(parts[0], parts[1], 2), [new PositionEmbedding(parts[2])]);
    const pixels = random([2, 4, 4, 3]);
    const dy = random([2, 4, 4]);
    const collect = (found: Map<string, Tensor>) => (owner: Parameter, gradient: Tensor) =>
      void found.set(owner.name, gradient);
    const [full, lean] = [new Map<string, Tensor>(), new Map<string, Tensor>()];
    const first = stem.trace(pixels, inference);
    const dx = first.pullback(dy, collect(full));
    expect(dx.shape).toEqual(pixels.shape);
    const second = stem.trace(pixels, inference);
    second.pullback.parametersOnly(dy, collect(lean));
    expect([...lean.keys()].sort()).toEqual(['bias', 'position', 'weight']);
    for (const [name, gradient] of full) await expectClose(lean.get(name)!, gradient, { rtol: 0, atol: 0 }, name);
    const third = stem.trace(pixels, inference);
    third.pullback.dispose();
    for (const traced of [first, second, third]) traced.value.dispose();
    for (const item of [...parts, pixels, dy, dx, ...full.values(), ...lean.values()]) item.dispose();
  }));

test('each gradient reaches the sink before the layer below is entered', () =>
  expectNoLeak(() => {
    const norm = { gain: parameter('gain', [4]), bias: parameter('shift', [4]), epsilon: 1e-6 };
    const mlp = {
      expand: parameter('expand', [4, 9]),
      expandBias: parameter('expand bias', [9]),
      contract: parameter('contract', [9, 4]),
      contractBias: parameter('contract bias', [4]),
    };
    const x = random([2, 3, 4]);
    const { value, pullback } = mlpSubBlock('mlp', { norm, mlp }).trace(x, inference);
    const dy = ones(value.shape);
    const order: string[] = [];
    const alive: number[] = [];
    const dx = pullback(dy, ({ name }, gradient) => {
      order.push(name);
      gradient.dispose();
      alive.push(memory().numTensors);
    });
    expect(order).toEqual(['contract', 'contract bias', 'expand', 'expand bias', 'gain', 'shift']);
    // What the layers above kept is gone when the layers below hand on their gradients.
    expect(alive[2]!).toBeLessThan(alive[0]!);
    expect(alive[4]!).toBeLessThan(alive[2]!);
    for (const item of [x, value, dy, dx, norm.gain, norm.bias, ...Object.values(mlp)]) item.dispose();
  }));
