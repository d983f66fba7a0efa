/** The maximum over neighbours in WGSL: an invocation an element; the winner is found once and kept. */
import { type Kernel, run } from '../webgpu/each.ts';
import type { MaxGradient, MaxWithWinner } from './index.ts';

const winners: Kernel = {
  name: 'neighbourMax winner',
  alone: true,
  inputs: { x: 'f32' },
  output: 'i32',
  params: { count: 'i32', width: 'i32' },
  functions: `fn isNone(f: f32) -> bool { return (bitcast<u32>(f) & 0x7fffffffu) > 0x7f800000u; }`,
  body: `
    let first = (index / p.width) * p.count * p.width + index % p.width;
    var best = x[first];
    var who = 0;
    for (var k = 1; k < p.count; k++) {
      let other = x[first + k * p.width];
      // What is no number wins, so that it is seen; by its bits, since compilers may assume that there is none.
      if (other > best || (isNone(other) && !isNone(best))) { best = other; who = k; }
    }
    result[index] = who;`,
};

const values: Kernel = {
  name: 'neighbourMax value',
  alone: true,
  inputs: { x: 'f32', winner: 'i32' },
  output: 'f32',
  params: { count: 'i32', width: 'i32' },
  body: `
    result[index] = x[((index / p.width) * p.count + winner[index]) * p.width + index % p.width];`,
};

const gradients: Kernel = {
  name: 'neighbourMax gradient',
  alone: true,
  inputs: { winner: 'i32', dy: 'f32' },
  output: 'f32',
  params: { count: 'i32', width: 'i32' },
  body: `
    let row = index / p.width;
    let at = (row / p.count) * p.width + index % p.width;
    result[index] = select(0.0, dy[at], winner[at] == row % p.count);`,
};

export const forward: MaxWithWinner = (x) => {
  const [count, width] = x.shape.slice(-2) as [number, number];
  const shape = [...x.shape.slice(0, -2), width];
  const winner = run(winners, [x], { count, width }, shape);
  return { value: run(values, [x, winner], { count, width }, shape), winner };
};

export const gradient: MaxGradient = (winner, dy, count) => {
  const width = dy.shape.at(-1)!;
  return run(gradients, [winner, dy], { count, width }, [...dy.shape.slice(0, -1), count, width]);
};
