/** Compares a layer's pullback with the tape's gradient of the same function, written here in plain tfjs. */
import '@tensorflow/tfjs';
import { type Context, type Differentiable, inference, Parameter } from '@dr2net/ops';
import { expectClose, expectIdentical, expectNoLeak } from '@dr2net/testing';
import { grads, memory, mul, randomUniform, sum, type Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

let seed = 0;

/** Uniform in ±1, another one at every call, the same in every run. */
export function random(shape: readonly number[]): Tensor {
  seed += 1;
  return randomUniform([...shape], -1, 1, 'float32', seed);
}

export function parameter(name: string, shape: readonly number[]): Parameter {
  return new Parameter(name, random(shape));
}

/** Float32 sums of a few hundred terms. */
const close = { rtol: 1e-4, atol: 1e-5 };

/** `revisit` gives the bits of `apply` and the gradients of a trace. */
async function expectRevisitLike(
  layer: Differentiable,
  [x, dy, context]: [Tensor, Tensor, Context],
  applied: Tensor,
  dx: Tensor,
  expected: ReadonlyMap<Parameter, Tensor>,
): Promise<void> {
  const found = new Map<Parameter, Tensor>();
  const { value, gradient } = layer.revisit!(x, dy, context, (owner, part) => {
    expect(found.has(owner), `${owner.name} arrives once`).toBe(false);
    found.set(owner, part);
  });
  await expectIdentical(value, applied, 'revisit');
  await expectClose(gradient, dx, close, 'gradient of x by revisit');
  expect(found.size).toBe(expected.size);
  for (const [owner, tensor] of found)
    await expectClose(tensor, expected.get(owner)!, close, `gradient of ${owner.name} by revisit`);
  for (const tensor of [value, gradient, ...found.values()]) tensor.dispose();
  const left = memory().numTensors;
  expect(() =>
    layer.revisit!(x, dy, context, (_owner, part) => {
      part.dispose();
      throw new Error('a sink that fails');
    }),
  ).toThrow('a sink that fails');
  expect(memory().numTensors, 'tensors left by a failing sink').toBe(left);
}

/**
 * @param plain the layer as a function of x and its parameters (in the layer's order), of differentiable tfjs ops
 */
export async function expectLikeTape(
  layer: Differentiable,
  x: Tensor,
  plain: (x: Tensor, ...parameters: Tensor[]) => Tensor,
  context: Context = inference,
): Promise<void> {
  const values = layer.parameters.map(({ variable }) => variable as Tensor);
  const expected = plain(x, ...values);
  const dy = random(expected.shape);
  const wanted = grads((first: Tensor, ...rest: Tensor[]) => sum(mul(plain(first, ...rest), dy)))([x, ...values]);
  await expectNoLeak(async () => {
    const applied = layer.apply(x, context);
    await expectClose(applied, expected, close, 'apply');
    const { value, pullback } = layer.trace(x, context);
    await expectClose(value, expected, close, 'trace');
    const found = new Map<Parameter, Tensor>();
    const dx = pullback(dy, (owner, gradient) => {
      expect(found.has(owner), `${owner.name} arrives once`).toBe(false);
      found.set(owner, gradient);
    });
    await expectClose(dx, wanted[0]!, close, 'gradient of x');
    expect(found.size).toBe(layer.parameters.length);
    for (const [i, owner] of layer.parameters.entries())
      await expectClose(found.get(owner)!, wanted[i + 1]!, close, `gradient of ${owner.name}`);
    if (layer.revisit && context.chunks > 1) await expectRevisitLike(layer, [x, dy, context], applied, dx, found);
    for (const tensor of [applied, value, dx, ...found.values()]) tensor.dispose();
    expect(() => pullback(dy, () => {}), 'a pullback runs once').toThrow(/already run/);
    const unused = layer.trace(x, context);
    unused.value.dispose();
    unused.pullback.dispose();
  });
  for (const tensor of [expected, dy, ...wanted]) tensor.dispose();
}
