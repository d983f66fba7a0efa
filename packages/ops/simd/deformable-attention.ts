// Deformable attention (arXiv 2010.04159). Of each query and head the corners of all points are found first, a list of addresses and
// factors; the channels then go through it as vectors. Sums run in the order of the points.
import { total } from './math';

/** The level that is worked on: its cells along x and y, and the number of its first cell. */
let across: i32 = 0;
let down: i32 = 0;
let first: i32 = 0;
/** The point that was found last: the cell up and left of it, how far on from that it lies, and 0, or NaN where it lies nowhere. */
let left: i32 = 0;
let top: i32 = 0;
let fx: f32 = 0;
let fy: f32 = 0;
let lost: f32 = 0;

/** @param row of the table: height, width, first cell */
function openLevel(row: usize): void {
  down = load<i32>(row);
  across = load<i32>(row, 4);
  first = load<i32>(row, 8);
}

/** Finds a point; gives whether it touches a cell. */
function find(location: usize): bool {
  const x: f32 = load<f32>(location) * <f32>across - 0.5;
  const y: f32 = load<f32>(location, 4) * <f32>down - 0.5;
  lost = x - x + (y - y);
  if (!(x > -1 && x < <f32>across && y > -1 && y < <f32>down)) return false;
  const fLeft = floor(x);
  const fTop = floor(y);
  left = <i32>fLeft;
  top = <i32>fTop;
  fx = x - fLeft;
  fy = y - fTop;
  return true;
}

/** The share of a corner: 0 … 3 are (x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1). */
function share(corner: i32): f32 {
  const sx: f32 = (corner & 1) !== 0 ? fx : 1 - fx;
  const sy: f32 = corner >= 2 ? fy : 1 - fy;
  return sx * sy;
}

/** The number of a corner's cell; −1 outside. */
function cellOf(corner: i32): i32 {
  const cx = left + (corner & 1);
  const cy = top + (corner >> 1);
  if (cx < 0 || cx >= across || cy < 0 || cy >= down) return -1;
  return first + cy * across + cx;
}

/**
 * Lists the corners of the points of one query and head, 8 bytes each, and gives the end of the list.
 * @param rows address of the head's channels of the batch element's first cell, cells `stride` bytes apart
 */
function listCorners(
  locations: usize,
  weights: usize,
  table: usize,
  levels: i32,
  points: i32,
  rows: usize,
  stride: usize,
  list: usize,
): usize {
  for (let level: i32 = 0; level < levels; level++, table += 16) {
    openLevel(table);
    for (let k: i32 = 0; k < points; k++, locations += 8, weights += 4) {
      const weight = load<f32>(weights);
      if (find(locations)) {
        for (let corner: i32 = 0; corner < 4; corner++) {
          const cell = cellOf(corner);
          if (cell < 0) continue;
          store<usize>(list, rows + <usize>cell * stride);
          store<f32>(list, weight * share(corner), 4);
          list += 8;
        }
      } else if (lost * weight !== 0) {
        // No number: whatever it is multiplied by, it is seen.
        store<usize>(list, rows);
        store<f32>(list, lost * weight, 4);
        list += 8;
      }
    }
  }
  return list;
}

/** to ← Σ factor·channels over the list, `width` of them. */
function gather(list: usize, end: usize, width: i32, to: usize): void {
  let at: usize = 0;
  let c: i32 = 0;
  for (; c + 16 <= width; c += 16, at += 64) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let d = f32x4.splat(0);
    let e = f32x4.splat(0);
    for (let i = list; i < end; i += 8) {
      const from = load<usize>(i) + at;
      const factor = v128.load32_splat(i, 4);
      a = f32x4.add(a, f32x4.mul(factor, v128.load(from)));
      b = f32x4.add(b, f32x4.mul(factor, v128.load(from, 16)));
      d = f32x4.add(d, f32x4.mul(factor, v128.load(from, 32)));
      e = f32x4.add(e, f32x4.mul(factor, v128.load(from, 48)));
    }
    v128.store(to + at, a);
    v128.store(to + at, b, 16);
    v128.store(to + at, d, 32);
    v128.store(to + at, e, 48);
  }
  for (; c + 4 <= width; c += 4, at += 16) {
    let a = f32x4.splat(0);
    for (let i = list; i < end; i += 8)
      a = f32x4.add(a, f32x4.mul(v128.load32_splat(i, 4), v128.load(load<usize>(i) + at)));
    v128.store(to + at, a);
  }
  for (; c < width; c++, at += 4) {
    let a: f32 = 0;
    for (let i = list; i < end; i += 8) a += load<f32>(i, 4) * load<f32>(load<usize>(i) + at);
    store<f32>(to + at, a);
  }
}

/** Adds factor·d to the channels of every entry of the list. */
function spread(list: usize, end: usize, width: i32, d: usize): void {
  for (let i = list; i < end; i += 8) {
    const to = load<usize>(i);
    const factor = v128.load32_splat(i, 4);
    let at: usize = 0;
    let c: i32 = 0;
    for (; c + 4 <= width; c += 4, at += 16)
      v128.store(to + at, f32x4.add(v128.load(to + at), f32x4.mul(factor, v128.load(d + at))));
    for (; c < width; c++, at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(i, 4) * load<f32>(d + at));
  }
}

/** Σ a·b over `width` channels. */
function dot(a: usize, b: usize, width: i32): f32 {
  let sums = f32x4.splat(0);
  let at: usize = 0;
  let c: i32 = 0;
  for (; c + 4 <= width; c += 4, at += 16) sums = f32x4.add(sums, f32x4.mul(v128.load(a + at), v128.load(b + at)));
  let sum = total(sums);
  for (; c < width; c++, at += 4) sum += load<f32>(a + at) * load<f32>(b + at);
  return sum;
}

/**
 * value [batch, sources, heads, width], locations [batch, queries, heads, levels, points, 2], weights [batch, queries, heads, levels, points]
 * → to [batch, queries, heads, width]
 * @param table [levels, 4]: height, width, first cell
 * @param list room for 8 bytes a corner of one query and head
 */
export function deformableAttention(
  value: usize,
  locations: usize,
  weights: usize,
  table: usize,
  batch: i32,
  queries: i32,
  heads: i32,
  width: i32,
  levels: i32,
  points: i32,
  sources: i32,
  list: usize,
  to: usize,
): void {
  const row = <usize>(width << 2);
  const stride = <usize>heads * row;
  const each = <usize>(levels * points * 4);
  for (let b: i32 = 0; b < batch; b++, value += <usize>sources * stride) {
    for (let q: i32 = 0; q < queries; q++) {
      for (let h: i32 = 0; h < heads; h++, locations += 2 * each, weights += each, to += row) {
        const end = listCorners(locations, weights, table, levels, points, value + <usize>h * row, stride, list);
        gather(list, end, width, to);
      }
    }
  }
}

/** to [batch, sources, heads, width] ← the gradient of value for dy [batch, queries, heads, width]; the rest as above. */
export function deformableAttentionOfValue(
  locations: usize,
  weights: usize,
  table: usize,
  dy: usize,
  batch: i32,
  queries: i32,
  heads: i32,
  width: i32,
  levels: i32,
  points: i32,
  sources: i32,
  list: usize,
  to: usize,
): void {
  const row = <usize>(width << 2);
  const stride = <usize>heads * row;
  const each = <usize>(levels * points * 4);
  memory.fill(to, 0, <usize>(batch * sources) * stride);
  for (let b: i32 = 0; b < batch; b++, to += <usize>sources * stride) {
    for (let q: i32 = 0; q < queries; q++) {
      for (let h: i32 = 0; h < heads; h++, locations += 2 * each, weights += each, dy += row) {
        const end = listCorners(locations, weights, table, levels, points, to + <usize>h * row, stride, list);
        spread(list, end, width, dy);
      }
    }
  }
}

/** toLocations, toWeights ← the gradients of locations and weights for dy [batch, queries, heads, width]; the rest as above. */
export function deformableAttentionOfPoints(
  value: usize,
  locations: usize,
  weights: usize,
  table: usize,
  dy: usize,
  batch: i32,
  queries: i32,
  heads: i32,
  width: i32,
  levels: i32,
  points: i32,
  sources: i32,
  toLocations: usize,
  toWeights: usize,
): void {
  const row = <usize>(width << 2);
  const stride = <usize>heads * row;
  const ends = table + <usize>(levels * 16);
  for (let b: i32 = 0; b < batch; b++, value += <usize>sources * stride) {
    for (let unit: i32 = 0; unit < queries * heads; unit++, dy += row) {
      const rows = value + <usize>(unit % heads) * row;
      for (let level = table; level < ends; level += 16) {
        openLevel(level);
        for (let k: i32 = 0; k < points; k++) {
          const inside = find(locations);
          // Of the four corners, Σ value·dy.
          const a: f32 = inside && cellOf(0) >= 0 ? dot(rows + <usize>cellOf(0) * stride, dy, width) : 0;
          const c: f32 = inside && cellOf(1) >= 0 ? dot(rows + <usize>cellOf(1) * stride, dy, width) : 0;
          const d: f32 = inside && cellOf(2) >= 0 ? dot(rows + <usize>cellOf(2) * stride, dy, width) : 0;
          const e: f32 = inside && cellOf(3) >= 0 ? dot(rows + <usize>cellOf(3) * stride, dy, width) : 0;
          const x: f32 = inside ? fx : 0;
          const y: f32 = inside ? fy : 0;
          const weight = load<f32>(weights);
          store<f32>(toWeights, (1 - y) * ((1 - x) * a + x * c) + y * ((1 - x) * d + x * e) + lost);
          store<f32>(toLocations, weight * <f32>across * ((1 - y) * (c - a) + y * (e - d)) + lost);
          store<f32>(toLocations, weight * <f32>down * ((1 - x) * (d - a) + x * (e - c)) + lost, 4);
          locations += 8;
          weights += 4;
          toLocations += 8;
          toWeights += 4;
        }
      }
    }
  }
}
