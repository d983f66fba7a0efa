/** The gradient of `value`: an invocation has a unit of channels of one cell and head, and goes through the points in the four squares around. */
import { spanOf } from './lists.ts';
import { perIndex, pointInputs, type Unit } from './parts.ts';

export const ofValue = ({ type }: Unit) =>
  perIndex({
    name: `value ${type}`,
    inputs: { ...pointInputs, weights: 'f32', dy: type, ends: 'i32', list: 'i32' },
    outputs: { result: type },
    body: `
  let unit = index % p.units;
  let head = index / p.units % p.heads;
  let source = index / p.units / p.heads;
  let b = source / p.sources;
  let number = i32(source % p.sources);
  var l = p.levels - 1u;
  while (table[l].z > number) { l--; }
  let level = table[l];
  let cell = vec2i((number - level.z) % level.y, (number - level.z) / level.y);
  var sum = ${type}();
  for (var corner = 0u; corner < 4u; corner++) {
    // The square of whose corners this cell is this one; squares count from the one before the first cell.
    let start = cell - offsetOf(corner);
    let at = (b * p.heads + head) * p.squares + u32(level.w + (start.y + 1) * (level.y + 1) + start.x + 1);
    ${spanOf}
    for (var i = first; i < end; i++) {
      let n = u32(list[i]);
      let f = placeOf(level, locations[n]) - vec2f(start);
      sum += weights[n] * shareOf(f, corner) * dy[n / p.points / p.levels * p.units + unit];
    }
  }
  result[index] = sum;`,
  });
