/**
 * The determinism rule at the size of a real layer: `apply`, a trace, and a later run of either give the same bits. (A
 * rebuild computes F_i by a trace where the forward pass used `apply`.)
 */
import { expectIdentical } from '@dr2net/testing/close';
import { expectNoLeak } from '@dr2net/testing/leaks';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { attention, layerNorm, linear, linearGelu, type TracedOp } from '../../src/index.ts';
import type { Check } from './case.ts';
import { normals } from './random.ts';

interface Op {
  readonly name: string;
  readonly inputs: readonly (readonly number[])[];
  apply(...inputs: Tensor[]): Tensor;
  trace(...inputs: Tensor[]): TracedOp<string>;
}

const [batch, tokens, width] = [2, 197, 128];
const x = [batch, tokens, width];

const ops: Op[] = [
  {
    name: 'linear',
    inputs: [x, [width, 3 * width], [3 * width]],
    apply: (a, w, b) => linear.apply(a!, w!, b),
    trace: (a, w, b) => linear.trace(a!, w!, b) as TracedOp<string>,
  },
  {
    name: 'linearGelu',
    inputs: [x, [width, 4 * width], [4 * width]],
    apply: (a, w, b) => linearGelu.apply(a!, w!, b),
    trace: (a, w, b) => linearGelu.trace(a!, w!, b) as TracedOp<string>,
  },
  {
    name: 'layerNorm',
    inputs: [x, [width], [width]],
    apply: (a, g, b) => layerNorm.apply(a!, g!, b!, 1e-6),
    trace: (a, g, b) => layerNorm.trace(a!, g!, b!, 1e-6) as TracedOp<string>,
  },
  {
    name: 'attention',
    inputs: [[batch, tokens, 3 * width]],
    apply: (qkv) => attention.apply(qkv!, { heads: 4 }),
    trace: (qkv) => attention.trace(qkv!, { heads: 4 }) as TracedOp<string>,
  },
];

export const bitChecks: Check[] = ops.map((op) => ({
  name: `${op.name} gives the same bits in every run`,
  run: () =>
    expectNoLeak(async () => {
      const inputs = op.inputs.map((shape, i) => tensor(normals(shape, 200 + i), [...shape]));
      const first = op.apply(...inputs);
      const dy = tensor(normals(first.shape, 300), first.shape);
      const gradients: Record<string, Tensor>[] = [];
      for (let i = 0; i < 3; i++) {
        const { value, pullback } = op.trace(...inputs);
        const again = op.apply(...inputs);
        await expectIdentical(value, first, `trace ${i}`);
        await expectIdentical(again, first, `apply ${i}`);
        dispose([value, again]);
        gradients.push(pullback(dy) as Record<string, Tensor>);
      }
      for (const [name, gradient] of Object.entries(gradients[0]!))
        for (const later of gradients.slice(1)) await expectIdentical(later[name]!, gradient, `gradient of ${name}`);
      dispose([...inputs, first, dy, gradients]);
    }),
}));
