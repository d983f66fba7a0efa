/** The value: an invocation has a unit of channels of one query and head, and goes through the points. */
import { perIndex, pointInputs, type Unit } from './parts.ts';

export const forward = ({ type }: Unit) =>
  perIndex({
    name: `forward ${type}`,
    inputs: { ...pointInputs, weights: 'f32', value: type },
    outputs: { y: type },
    body: `
  let unit = index % p.units;
  let head = index / p.units % p.heads;
  let b = index / p.units / p.heads / p.queries;
  let row = p.heads * p.units;
  var n = index / p.units * p.levels * p.points;
  var sum = ${type}();
  for (var l = 0u; l < p.levels; l++) {
    let level = table[l];
    let first = (b * p.sources + u32(level.z)) * row + head * p.units + unit;
    for (var k = 0u; k < p.points; k++) {
      let place = placeOf(level, locations[n]);
      let weight = weights[n];
      if (touches(level, place)) {
        let corner0 = floor(place);
        let f = place - corner0;
        for (var corner = 0u; corner < 4u; corner++) {
          let cell = vec2i(corner0) + offsetOf(corner);
          if (isInside(level, cell)) {
            sum += weight * shareOf(f, corner) * value[first + u32(cell.y * level.y + cell.x) * row];
          }
        }
      } else {
        // A compiler may take f − f for 0: what is not finite is looked for by its bits, and added as it is.
        if (isLost(place.x)) { sum += ${type}(place.x); }
        if (isLost(place.y)) { sum += ${type}(place.y); }
        if (isLost(weight)) { sum += ${type}(weight); }
      }
      n++;
    }
  }
  y[index] = sum;`,
  });

/** The gradients of locations and weights: an invocation has a point, and goes through the channels of its corners. */
export const ofPoints = ({ type }: Unit) =>
  perIndex({
    name: `points ${type}`,
    inputs: { ...pointInputs, weights: 'f32', value: type, dy: type },
    outputs: { ofLocations: 'vec2f', ofWeights: 'f32' },
    body: `
  let query = index / p.points / p.levels;
  let head = query % p.heads;
  let b = query / p.heads / p.queries;
  let row = p.heads * p.units;
  let level = table[index / p.points % p.levels];
  let place = placeOf(level, locations[index]);
  if (!touches(level, place)) {
    let nothing = select(0.0, place.x, isLost(place.x)) + select(0.0, place.y, isLost(place.y));
    ofLocations[index] = vec2f(nothing);
    ofWeights[index] = nothing;
    return;
  }
  let first = (b * p.sources + u32(level.z)) * row + head * p.units;
  let corner0 = floor(place);
  let f = place - corner0;
  // Of the four corners, the sum over channels of value·dy.
  var along = vec4f();
  for (var corner = 0u; corner < 4u; corner++) {
    let cell = vec2i(corner0) + offsetOf(corner);
    if (isInside(level, cell)) {
      let at = first + u32(cell.y * level.y + cell.x) * row;
      var sum = 0.0;
      for (var unit = 0u; unit < p.units; unit++) {
        sum += ${type === 'f32' ? 'value[at + unit] * dy[query * p.units + unit]' : 'dot(value[at + unit], dy[query * p.units + unit])'};
      }
      along[corner] = sum;
    }
  }
  let above = mix(along.x, along.y, f.x);
  let below = mix(along.z, along.w, f.x);
  ofWeights[index] = mix(above, below, f.y);
  let slopes = vec2f(mix(along.y - along.x, along.w - along.z, f.y), below - above);
  ofLocations[index] = weights[index] * slopes * vec2f(f32(level.y), f32(level.x));`,
  });
