/** Deformable attention by operations of our own (native/kernels/deformable_attention.cc), on all of the processor. */
import { type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { own as run } from '../native/own.ts';
import type { Geometry } from './geometry.ts';
import { type Inputs, keepingInputs } from './keeping-inputs.ts';

/** Runs one of them. */
function call(name: string, inputs: readonly Tensor[], g: Geometry, outputs: number): Tensor[] {
  const table = tensor2d(g.table, [g.levels, 4], 'int32');
  const sizes = tensor1d([g.batch, g.queries, g.heads, g.width, g.levels, g.points, g.sources], 'int32');
  return after(run(`Dr2netDeformableAttention${name}`, [...inputs, table, sizes], outputs), table, sizes);
}

export const own = keepingInputs({
  forward: ({ value, locations, weights }: Inputs, g) => call('', [locations, weights, value], g, 1)[0]!,
  ofValue: ({ locations, weights }, g, dy) => call('OfValue', [locations, weights, dy], g, 1)[0]!,
  ofPoints: ({ value, locations, weights }, g, dy) =>
    call('OfPoints', [locations, weights, value, dy], g, 2) as [Tensor, Tensor],
});
