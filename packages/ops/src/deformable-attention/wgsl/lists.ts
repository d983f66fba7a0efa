/**
 * For the gradient of `value`: which points lie in which square between four cells, in the order of the points. They are counted, squares
 * get places in a list by their counts, points go there in any order, and each square's are sorted: integers only, so the list is the same
 * every time, which sums by float atomics would not be (and WGSL has none).
 */
import type { Shader } from '../../webgpu/dispatch.ts';
import { wide } from '../../webgpu/dispatch.ts';
import { perIndex, pointInputs } from './parts.ts';

/** Lanes of the workgroup that gives the squares of a batch element and head their places. */
const lanes = 64;

export const clear = perIndex({
  name: 'clear',
  inputs: {},
  outputs: { counts: 'i32' },
  body: 'counts[index] = 0;',
});

/** Of each point the square, or −1 where it touches no cell; and how many there are in each: [B·heads, squares]. */
export const count = perIndex({
  name: 'count',
  inputs: pointInputs,
  outputs: { counts: 'atomic<i32>', square: 'i32' },
  body: `
  let query = index / p.points / p.levels;
  let all = query / p.heads / p.queries * p.heads + query % p.heads;
  let level = table[index / p.points % p.levels];
  let place = placeOf(level, locations[index]);
  var at = -1;
  if (touches(level, place)) {
    let cell = vec2i(floor(place)) + 1;
    at = i32(all * p.squares) + level.w + cell.y * (level.y + 1) + cell.x;
    atomicAdd(&counts[at], 1);
  }
  square[index] = at;`,
});

/** Counts become the places where the squares begin; a workgroup for each batch element and head. */
export const begin: Shader = {
  name: 'dr2net deformableAttention begin',
  inputs: {},
  outputs: { counts: 'i32' },
  params: { all: 'u32', squares: 'u32', most: 'u32' },
  workgroup: [lanes, 1, 1],
  head: `var<workgroup> sums: array<i32, ${lanes}>;`,
  body: `
  let all = group.y * ${wide}u + group.x;
  let inside = all < p.all;
  let each = (p.squares + ${lanes - 1}u) / ${lanes}u;
  let first = all * p.squares + min(lane * each, p.squares);
  let end = all * p.squares + min((lane + 1u) * each, p.squares);
  var sum = 0;
  if (inside) { for (var i = first; i < end; i++) { sum += counts[i]; } }
  sums[lane] = sum;
  workgroupBarrier();
  if (!inside) { return; }
  // A batch element and head has room for all of its points.
  var at = i32(all * p.most);
  for (var i = 0u; i < lane; i++) { at += sums[i]; }
  for (var i = first; i < end; i++) {
    let now = counts[i];
    counts[i] = at;
    at += now;
  }`,
};

/** Points to their squares' places; what was a square's beginning becomes its end. */
export const fill = perIndex({
  name: 'fill',
  inputs: { square: 'i32' },
  outputs: { ends: 'atomic<i32>', list: 'i32' },
  body: `
  if (square[index] >= 0) { list[atomicAdd(&ends[square[index]], 1)] = i32(index); }`,
});

/** The list from `first` to before `end` of a square, of all that are numbered through. */
export const spanOf = `
  let first = select(ends[max(at, 1u) - 1u], i32(at / p.squares * p.queries * p.levels * p.points), at % p.squares == 0u);
  let end = ends[at];`;

/** Each square's points in order: heapsort, whose cost is bounded where many lie in one square. */
export const sort = perIndex({
  name: 'sort',
  inputs: { ends: 'i32' },
  outputs: { list: 'i32' },
  body: `
  let at = index;
  ${spanOf}
  let size = end - first;
  var left = size;
  for (var round = size / 2 + size - 1; round > 0; round--) {
    // First the heap is made, from its last parent on; then its largest goes to the end, again and again.
    var root = 0;
    if (round >= size) { root = round - size; } else {
      left--;
      let largest = list[first];
      list[first] = list[first + left];
      list[first + left] = largest;
    }
    let moving = list[first + root];
    loop {
      var child = 2 * root + 1;
      if (child >= left) { break; }
      if (child + 1 < left && list[first + child + 1] > list[first + child]) { child++; }
      if (list[first + child] <= moving) { break; }
      list[first + root] = list[first + child];
      root = child;
    }
    list[first + root] = moving;
  }`,
});
