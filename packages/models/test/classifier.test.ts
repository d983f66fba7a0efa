/** Backbone and head together: what is computed, what is not, and that nothing is left behind when something fails. */
import '@tensorflow/tfjs-backend-cpu';
import type { Method } from '@dr2net/core';
import {
  type Differentiable,
  discard,
  inference,
  type Parameter,
  type Sink,
  softTargets,
  trainingContext,
} from '@dr2net/ops';
import { expectIdentical, expectNoLeak, expectScaledClose } from '@dr2net/testing';
import { randomUniform, setBackend, type Tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  applyClassifier,
  type ClassificationHead,
  createBackbone,
  gradients,
  newHead,
  type Phase,
  pretrainedHead,
  type TransformerBackbone,
  traceClassifier,
} from '../src/index.ts';
import { tinyConfig } from './fixtures.ts';

let backbone: TransformerBackbone;
let head: ClassificationHead;
let pixels: Tensor;
let targets: Tensor;

beforeAll(async () => {
  await setBackend('cpu');
  backbone = createBackbone(tinyConfig, 1);
  head = newHead(backbone, { classes: 3, seed: 2 });
  pixels = randomUniform([2, 8, 8, 3], -1, 1, 'float32', 1);
  targets = softTargets([0, 2], 3, 0.1);
});
afterAll(() => {
  for (const item of [backbone, head, pixels, targets]) item.dispose();
});

const conventional = {
  coefficients: { alpha: 1, beta: 0 },
  method: { name: 'conventional' },
  context: inference,
} as const;
const reversible = {
  coefficients: { alpha: 0.3, beta: 0.7 },
  method: { name: 'reversible' },
  context: inference,
} as const;

/** The parameters whose gradients arrive, in order. */
function order(options: { method: Method; coefficients: { alpha: number; beta: number } }): string[] {
  const names: string[] = [];
  const sink: Sink = ({ name }, gradient) => {
    names.push(name);
    gradient.dispose();
  };
  const {
    loss,
    output,
    pixels: dPixels,
  } = gradients(backbone, head, pixels, targets, { ...options, context: inference, sink });
  expect(dPixels).toBeNull();
  loss.dispose();
  output.dispose();
  return names;
}

const nameOf = ({ name }: Parameter) => name;

test.each([conventional, reversible])('$method.name: every parameter once, head first, stem last', (options) =>
  expectNoLeak(() => {
    const names = order(options);
    expect([...names].sort()).toEqual([...backbone.parameters, ...head.parameters].map(nameOf).sort());
    expect(names[0]).toMatch(/^head\./);
    expect(names.at(-1)).toMatch(/^stem\.patch/);
    const first = (prefix: string) => names.findIndex((name) => name.startsWith(prefix));
    expect(first('norm.')).toBeLessThan(first('blocks.1.mlp'));
    expect(first('blocks.1.attention')).toBeLessThan(first('blocks.0.mlp'));
  }),
);

test('frozen: only the head', () =>
  expectNoLeak(() => {
    expect(order({ ...conventional, method: { name: 'frozen' } }).sort()).toEqual(head.parameters.map(nameOf).sort());
  }));

test('nothing of the stem is computed when it does not train', () =>
  expectNoLeak(() => {
    for (const parameter of backbone.stem.parameters) parameter.trainable = false;
    expect(order(reversible).filter((name) => name.startsWith('stem.'))).toEqual([]);
    for (const parameter of backbone.stem.parameters) parameter.trainable = true;
  }));

test('phases begin in order, and what was traced is what is applied', () =>
  expectNoLeak(async () => {
    const phases: Phase[] = [];
    const options = { ...reversible, context: trainingContext(4), onPhase: (phase: Phase) => void phases.push(phase) };
    const { loss, output } = gradients(backbone, head, pixels, targets, { ...options, sink: discard });
    expect(phases).toEqual(['forward', 'head', 'backward']);
    const applied = applyClassifier(backbone, head, pixels, options);
    await expectIdentical(applied, output);
    for (const tensor of [loss, output, applied]) tensor.dispose();
  }));

test('exact at (63/64, 1/64): rebuilt bit for bit, with the gradients of stored activations', () =>
  expectNoLeak(async () => {
    const coefficients = { alpha: 63 / 64, beta: 1 / 64 };
    const collect = (method: Method) => {
      const found = new Map<string, Tensor>();
      const sink: Sink = ({ name }, gradient) => void found.set(name, gradient);
      return {
        found,
        ...gradients(backbone, head, pixels, targets, { coefficients, method, context: inference, sink }),
      };
    };
    const stored = collect({ name: 'conventional' });
    const rebuilt = collect({ name: 'exact', verify: true });
    expect((await rebuilt.reports[0]!.check()).identical).toBe(true);
    for (const [name, gradient] of stored.found)
      await expectScaledClose(rebuilt.found.get(name)!, gradient, { rtol: 1e-4, atol: 1e-6 }, name);
    for (const { loss, output, found } of [stored, rebuilt])
      for (const tensor of [loss, output, ...found.values()]) tensor.dispose();
  }));

describe('nothing leaks', () => {
  const failing = (where: 'apply' | 'trace' | 'pullback'): Differentiable => {
    const fail = (): never => {
      throw new Error('the head broke');
    };
    return {
      parameters: [],
      apply: fail,
      trace: (x, context) =>
        where === 'trace'
          ? fail()
          : { value: head.apply(x, context), pullback: Object.assign(fail, { dispose: () => {} }) },
    };
  };
  const expectBroken = (body: () => void, message = /the head broke/) =>
    expect(expectNoLeak(body)).rejects.toThrow(message);

  test.each([conventional, reversible])('$method.name: when the head throws', async (options) => {
    await expectBroken(() => void applyClassifier(backbone, failing('apply'), pixels, options));
    await expectBroken(() => void traceClassifier(backbone, failing('trace'), pixels, options));
    await expectBroken(
      () => void gradients(backbone, failing('pullback'), pixels, targets, { ...options, sink: discard }),
    );
  });

  test.each([conventional, reversible])(
    '$method.name: when the sink throws, the targets do not fit, or the method is refused',
    async (options) => {
      const sink: Sink = ({ name }, gradient) => {
        gradient.dispose();
        if (name === 'blocks.0.mlp.expand.weight') throw new Error('the sink broke');
      };
      await expectBroken(() => void gradients(backbone, head, pixels, targets, { ...options, sink }), /the sink broke/);
      await expectBroken(() => void gradients(backbone, head, pixels, pixels, { ...options, sink: discard }), /./);
      const refused = { ...options, coefficients: { alpha: Number.NaN, beta: 0.5 } };
      await expectBroken(() => void gradients(backbone, head, pixels, targets, { ...refused, sink: discard }), /NaN/);
    },
  );

  test.each([conventional, reversible])('$method.name: when the pullback is not run, and it runs once', (options) =>
    expectNoLeak(() => {
      const unused = traceClassifier(backbone, head, pixels, options);
      unused.value.dispose();
      unused.pullback.dispose();
      const { value, pullback } = traceClassifier(backbone, head, pixels, options);
      pullback(targets, discard);
      expect(() => pullback(targets, discard)).toThrow(/already run/);
      value.dispose();
    }),
  );
});

describe('heads', () => {
  test.each([
    ['mean', true, ['head.norm.gain', 'head.norm.bias', 'head.output.weight', 'head.output.bias']],
    ['class+mean', false, ['head.output.weight', 'head.output.bias']],
  ] as const)('a new head of %s', (pooling, norm, names) =>
    expectNoLeak(() => {
      const made = newHead(backbone, { classes: 4, seed: 1, pooling, norm });
      expect(made.parameters.map(nameOf)).toEqual(names);
      expect(made.parameters.find(({ name }) => name === 'head.output.weight')!.shape).toEqual([
        pooling === 'mean' ? 6 : 12,
        4,
      ]);
      made.dispose();
    }),
  );

  test('refuses what does not fit', () => {
    expect(() => newHead(backbone, { classes: 0, seed: 1 })).toThrow(/classes 0/);
    expect(() => newHead(backbone, { classes: 2, seed: 1, pooling: 'class,distillation' })).toThrow(
      /1 tokens before.*choose mean/,
    );
    expect(() => newHead(backbone, { classes: 2, seed: 1, pooling: 'max' as 'mean' })).toThrow(/max is unknown/);
    expect(() => pretrainedHead(backbone)).toThrow(/no classifier\.weight.*make a new one/);
  });
});
