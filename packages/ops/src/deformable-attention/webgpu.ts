/** Deformable attention in WGSL: one dispatch for the value, one for the gradients of locations and weights, six for that of `value`. */
import { type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { dispatch, inRow, type Shader } from '../webgpu/dispatch.ts';
import type { Geometry } from './geometry.ts';
import { type Inputs, keepingInputs } from './keeping-inputs.ts';
import * as forwardShaders from './wgsl/forward.ts';
import { begin, clear, count, fill, sort } from './wgsl/lists.ts';
import { ofValue as ofValueShader } from './wgsl/of-value.ts';
import { runEach, type Unit, unitOf } from './wgsl/parts.ts';

const cache = new Map<string, Shader>();

/** A shader for the unit in which a head's channels are read. */
function shaderFor(make: (unit: Unit) => Shader, g: Geometry): Shader {
  const made = make(unitOf(g));
  const known = cache.get(made.name) ?? made;
  cache.set(made.name, known);
  return known;
}

const tableOf = ({ table, levels }: Geometry) => tensor2d(table, [levels, 4], 'int32');

function forward({ value, locations, weights }: Inputs, g: Geometry): Tensor {
  const { batch, queries, heads, width } = g;
  const table = tableOf(g);
  const size = (batch * queries * heads * width) / unitOf(g).size;
  const outputs = [{ shape: [batch, queries, heads * width] }];
  const [y] = runEach(shaderFor(forwardShaders.forward, g), g, size, [table, locations, weights, value], outputs);
  return after(y!, table);
}

/** Of each square its points' numbers in order: where squares end in the list, and the list. */
function lists(table: Tensor, locations: Tensor, g: Geometry): [ends: Tensor, list: Tensor] {
  const all = g.batch * g.heads;
  const points = locations.size / 2;
  const numbers = { shape: [points], dtype: 'int32' } as const;
  const [counts] = runEach(clear, g, all * g.squares, [], [{ shape: [all, g.squares], dtype: 'int32' }]) as [Tensor];
  const [square] = runEach(count, g, points, [table, locations], [counts, numbers]) as [Tensor];
  dispatch(begin, [], [counts], { all, squares: g.squares, most: points / all }, inRow(all));
  const [list] = runEach(fill, g, points, [square], [counts, numbers]) as [Tensor];
  runEach(sort, g, all * g.squares, [counts], [list]);
  return after([counts, list], square);
}

function ofValue({ value, locations, weights }: Inputs, g: Geometry, dy: Tensor): Tensor {
  const table = tableOf(g);
  const [ends, list] = lists(table, locations, g);
  const inputs = [table, locations, weights, dy, ends, list];
  const size = value.size / unitOf(g).size;
  const [result] = runEach(shaderFor(ofValueShader, g), g, size, inputs, [{ shape: value.shape }]);
  return after(result!, table, ends, list);
}

function ofPoints({ value, locations, weights }: Inputs, g: Geometry, dy: Tensor): [Tensor, Tensor] {
  const table = tableOf(g);
  const outputs = [{ shape: locations.shape }, { shape: weights.shape }];
  const inputs = [table, locations, weights, value, dy];
  const made = runEach(shaderFor(forwardShaders.ofPoints, g), g, weights.size, inputs, outputs);
  return after(made as [Tensor, Tensor], table);
}

export const webgpu = keepingInputs({ forward, ofValue, ofPoints });
