// Layer normalisation of rows and its pullback. The mean is corrected by the sum of what is left over, so that rows far from zero
// keep their digits in float32.
import { total } from './math';

/** Σ of a row. */
function sumOf(x: usize, width: i32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let i: i32 = 0;
  for (; i + 8 <= width; i += 8, x += 32) {
    a = f32x4.add(a, v128.load(x));
    b = f32x4.add(b, v128.load(x, 16));
  }
  let sum = total(f32x4.add(a, b));
  for (; i < width; i++, x += 4) sum += load<f32>(x);
  return sum;
}

/** The sum over a row of (x − mean)², less what the error of `mean` adds; the corrected mean goes to `statistics`, r = 1/√(var + ε) behind it. */
function statisticsOf(x: usize, width: i32, epsilon: f64, statistics: usize): void {
  const first = sumOf(x, width) / <f32>width;
  const m = f32x4.splat(first);
  let rest = f32x4.splat(0);
  let squares = f32x4.splat(0);
  let at = x;
  let i: i32 = 0;
  for (; i + 4 <= width; i += 4, at += 16) {
    const d = f32x4.sub(v128.load(at), m);
    rest = f32x4.add(rest, d);
    squares = f32x4.add(squares, f32x4.mul(d, d));
  }
  let left: f64 = total(rest);
  let square: f64 = total(squares);
  for (; i < width; i++, at += 4) {
    const d: f64 = load<f32>(at) - first;
    left += d;
    square += d * d;
  }
  const correction = left / <f64>width;
  const variance = max(square / <f64>width - correction * correction, 0);
  store<f32>(statistics, <f32>(<f64>first + correction));
  store<f32>(statistics, <f32>(1 / sqrt(variance + epsilon)), 4);
}

/** y ← (x − mean)·r·gain + bias; mean and r of each row to `statistics` [rows, 2]. */
export function layerNorm(
  x: usize,
  gain: usize,
  bias: usize,
  rows: i32,
  width: i32,
  epsilon: f64,
  y: usize,
  statistics: usize,
): void {
  for (let row: i32 = 0; row < rows; row++, statistics += 8) {
    statisticsOf(x, width, epsilon, statistics);
    const mean = load<f32>(statistics);
    const r = load<f32>(statistics, 4);
    const m4 = f32x4.splat(mean);
    const r4 = f32x4.splat(r);
    let at: usize = 0;
    let i: i32 = 0;
    for (; i + 4 <= width; i += 4, at += 16) {
      const hat = f32x4.mul(f32x4.sub(v128.load(x + at), m4), r4);
      v128.store(y + at, f32x4.add(f32x4.mul(hat, v128.load(gain + at)), v128.load(bias + at)));
    }
    for (; i < width; i++, at += 4)
      store<f32>(y + at, (load<f32>(x + at) - mean) * r * load<f32>(gain + at) + load<f32>(bias + at));
    x += at;
    y += at;
  }
}

/** dGain += dy∘x̂ and dBias += dy of one row; Σ dy·gain to `means`, Σ dy·gain·x̂ behind it. */
function rowSums(
  x: usize,
  gain: usize,
  mean: f32,
  r: f32,
  dy: usize,
  width: i32,
  dGain: usize,
  dBias: usize,
  means: usize,
): void {
  const m4 = f32x4.splat(mean);
  const r4 = f32x4.splat(r);
  let sum = f32x4.splat(0);
  let along = f32x4.splat(0);
  let at: usize = 0;
  let i: i32 = 0;
  for (; i + 4 <= width; i += 4, at += 16) {
    const d = v128.load(dy + at);
    const dHat = f32x4.mul(d, f32x4.mul(f32x4.sub(v128.load(x + at), m4), r4));
    v128.store(dGain + at, f32x4.add(v128.load(dGain + at), dHat));
    v128.store(dBias + at, f32x4.add(v128.load(dBias + at), d));
    const g = v128.load(gain + at);
    sum = f32x4.add(sum, f32x4.mul(d, g));
    along = f32x4.add(along, f32x4.mul(dHat, g));
  }
  let sums = total(sum);
  let alongs = total(along);
  for (; i < width; i++, at += 4) {
    const d = load<f32>(dy + at);
    const dHat = d * ((load<f32>(x + at) - mean) * r);
    store<f32>(dGain + at, load<f32>(dGain + at) + dHat);
    store<f32>(dBias + at, load<f32>(dBias + at) + d);
    sums += d * load<f32>(gain + at);
    alongs += dHat * load<f32>(gain + at);
  }
  store<f32>(means, sums / <f32>width);
  store<f32>(means, alongs / <f32>width, 4);
}

/** dx = r·(dy·gain − mean(dy·gain) − x̂·mean(dy·gain·x̂)) of one row. */
function inputGradient(x: usize, gain: usize, mean: f32, r: f32, dy: usize, width: i32, means: usize, dx: usize): void {
  const offset = load<f32>(means);
  const slope = load<f32>(means, 4) * r;
  const m4 = f32x4.splat(mean);
  let at: usize = 0;
  let i: i32 = 0;
  for (; i + 4 <= width; i += 4, at += 16) {
    const g = f32x4.mul(v128.load(dy + at), v128.load(gain + at));
    const hat = f32x4.mul(f32x4.sub(v128.load(x + at), m4), f32x4.splat(slope));
    v128.store(dx + at, f32x4.mul(f32x4.splat(r), f32x4.sub(f32x4.sub(g, f32x4.splat(offset)), hat)));
  }
  for (; i < width; i++, at += 4) {
    const g = load<f32>(dy + at) * load<f32>(gain + at);
    store<f32>(dx + at, r * (g - offset - (load<f32>(x + at) - mean) * slope));
  }
}

/** a += b, b ← 0 */
function addUp(a: usize, b: usize, size: i32): void {
  for (let i: i32 = 0; i < size; i++, a += 4, b += 4) {
    store<f32>(a, load<f32>(a) + load<f32>(b));
    store<f32>(b, 0);
  }
}

/** Rows whose sums are made before they are added to the others': sums of sums lose fewer digits. */
const together: i32 = 32;

/**
 * The gradients for dy.
 * @param dx 0 where it is not wanted
 * @param scratch 8·width + 8 bytes
 */
export function layerNormGradient(
  x: usize,
  gain: usize,
  statistics: usize,
  dy: usize,
  rows: i32,
  width: i32,
  dx: usize,
  dGain: usize,
  dBias: usize,
  scratch: usize,
): void {
  const stride = <usize>(width << 2);
  const gains = scratch + 8;
  const biases = gains + stride;
  memory.fill(dGain, 0, stride);
  memory.fill(dBias, 0, stride);
  memory.fill(gains, 0, 2 * stride);
  for (let row: i32 = 1; row <= rows; row++, statistics += 8, x += stride, dy += stride) {
    const mean = load<f32>(statistics);
    const r = load<f32>(statistics, 4);
    rowSums(x, gain, mean, r, dy, width, gains, biases, scratch);
    if (dx !== 0) {
      inputGradient(x, gain, mean, r, dy, width, scratch, dx);
      dx += stride;
    }
    if (row % together === 0 || row === rows) {
      addUp(dGain, gains, width);
      addUp(dBias, biases, width);
    }
  }
}
