/** Deformable attention by our SIMD kernels on wasm: one call for the value, one for each kind of gradient. */
import { type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { deformableAttention as module } from '../simd/deformable-attention.ts';
import { float, onHeap } from '../simd/run.ts';
import type { Geometry } from './geometry.ts';
import { type Inputs, keepingInputs } from './keeping-inputs.ts';

const sizesOf = ({ batch, queries, heads, width, levels, points, sources }: Geometry) =>
  [batch, queries, heads, width, levels, points, sources] as const;

/** Room for the corners of the points of one query and head: an address and a factor each. */
const corners = ({ levels, points }: Geometry) => float(2, levels, points, 4);

function forward({ value, locations, weights }: Inputs, g: Geometry): Tensor {
  const table = tensor1d(g.table, 'int32');
  const outputs = [float(g.batch, g.queries, g.heads * g.width), corners(g)];
  const [y, room] = onHeap(
    module,
    [value, locations, weights, table],
    outputs,
    ({ kernels }, [v, l, w, t], [to, between]) =>
      kernels.deformableAttention(v!, l!, w!, t!, ...sizesOf(g), between!, to!),
  );
  return after(y!, room!, table);
}

function ofValue({ value, locations, weights }: Inputs, g: Geometry, dy: Tensor): Tensor {
  const table = tensor1d(g.table, 'int32');
  const outputs = [float(...value.shape), corners(g)];
  const [dValue, room] = onHeap(
    module,
    [locations, weights, table, dy],
    outputs,
    ({ kernels }, [l, w, t, d], [to, between]) =>
      kernels.deformableAttentionOfValue(l!, w!, t!, d!, ...sizesOf(g), between!, to!),
  );
  return after(dValue!, room!, table);
}

function ofPoints({ value, locations, weights }: Inputs, g: Geometry, dy: Tensor): [Tensor, Tensor] {
  const table = tensor1d(g.table, 'int32');
  const outputs = [float(...locations.shape), float(...weights.shape)];
  const inputs = [value, locations, weights, table, dy];
  const made = onHeap(module, inputs, outputs, ({ kernels }, [v, l, w, t, d], [toLocations, toWeights]) =>
    kernels.deformableAttentionOfPoints(v!, l!, w!, t!, d!, ...sizesOf(g), toLocations!, toWeights!),
  );
  return after(made as [Tensor, Tensor], table);
}

export const simd = keepingInputs({ forward, ofValue, ofPoints });
