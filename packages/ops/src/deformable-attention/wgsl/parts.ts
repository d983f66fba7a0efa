/** What the shaders of deformable attention share: their inputs' types, and where a point lies. */

import type { Tensor } from '@tensorflow/tfjs-core';
import { dispatch, inRow, type Output, type Shader, wide } from '../../webgpu/dispatch.ts';
import type { Geometry } from '../geometry.ts';

const lanes = 64;

/** A head's channels are read as vectors where they can be. */
export const unitOf = ({ width }: Geometry) =>
  width % 4 === 0 ? ({ type: 'vec4f', size: 4 } as const) : ({ type: 'f32', size: 1 } as const);
export type Unit = ReturnType<typeof unitOf>;

const sizes: Shader['params'] = {
  ...{ batch: 'u32', queries: 'u32', heads: 'u32', levels: 'u32', points: 'u32' },
  ...{ sources: 'u32', squares: 'u32', units: 'u32', size: 'u32' },
};

/** `p.<name>` of the shaders; `p.size` is how many invocations there are. */
export const sizesOf = (g: Geometry, size: number) => ({
  ...{ batch: g.batch, queries: g.queries, heads: g.heads, levels: g.levels, points: g.points },
  ...{ sources: g.sources, squares: g.squares, units: g.width / unitOf(g).size, size },
});

/** The table's rows are `table[level]`: height, width, first cell, first square. */
export const pointInputs = { table: 'vec4i', locations: 'vec2f' } as const;

const functions = `
fn isLost(f: f32) -> bool { return (bitcast<u32>(f) & 0x7fffffffu) >= 0x7f800000u; }
/** Where a location is in cells of the level. */
fn placeOf(level: vec4i, location: vec2f) -> vec2f { return location * vec2f(f32(level.y), f32(level.x)) - 0.5; }
/** Whether it touches a cell; what is no number does not. */
fn touches(level: vec4i, place: vec2f) -> bool {
  return place.x > -1.0 && place.x < f32(level.y) && place.y > -1.0 && place.y < f32(level.x);
}
fn isInside(level: vec4i, cell: vec2i) -> bool {
  return cell.x >= 0 && cell.x < level.y && cell.y >= 0 && cell.y < level.x;
}
/** The share of a corner: 0 … 3 are (x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1). */
fn shareOf(f: vec2f, corner: u32) -> f32 {
  return select(1.0 - f.x, f.x, (corner & 1u) != 0u) * select(1.0 - f.y, f.y, corner >= 2u);
}
fn offsetOf(corner: u32) -> vec2i { return vec2i(i32(corner & 1u), i32(corner >> 1u)); }`;

/** A shader with `p.size` invocations, each of them `index`. */
export function perIndex(shader: Pick<Shader, 'name' | 'inputs' | 'outputs' | 'body'>): Shader {
  return {
    ...shader,
    name: `dr2net deformableAttention ${shader.name}`,
    params: sizes,
    workgroup: [lanes, 1, 1],
    head: functions,
    body: `
  let index = (group.y * ${wide}u + group.x) * ${lanes}u + lane;
  if (index >= p.size) { return; }
  ${shader.body}`,
  };
}

/** Runs a shader of `perIndex` with so many invocations. */
export const runEach = (shader: Shader, g: Geometry, size: number, inputs: Tensor[], outputs: (Output | Tensor)[]) =>
  dispatch(shader, inputs, outputs, sizesOf(g, size), inRow(Math.ceil(size / lanes)));
