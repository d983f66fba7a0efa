// GELU, x·Φ(x), with what stands around it in an MLP: the bias before it, its slope for the pullback, the sums of the gradient.
import { density4, normal4 } from './math';

/** The last 1 … 3 numbers at `at`, as a vector whose other lanes are 0. */
function loadTail(at: usize, count: i32): v128 {
  let v = f32x4.splat(load<f32>(at));
  v = f32x4.replace_lane(v, 1, count > 1 ? load<f32>(at, 4) : 0);
  v = f32x4.replace_lane(v, 2, count > 2 ? load<f32>(at, 8) : 0);
  return f32x4.replace_lane(v, 3, 0);
}

function storeTail(at: usize, v: v128, count: i32): void {
  store<f32>(at, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(at, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(at, f32x4.extract_lane(v, 2), 8);
}

/** to ← gelu(z); it may be z itself. */
export function activate(z: usize, size: i32, to: usize): void {
  let i: i32 = 0;
  for (; i + 4 <= size; i += 4, z += 16, to += 16) {
    const v = v128.load(z);
    v128.store(to, f32x4.mul(v, normal4(v, density4(v))));
  }
  if (i === size) return;
  const v = loadTail(z, size - i);
  storeTail(to, f32x4.mul(v, normal4(v, density4(v))), size - i);
}

/** to ← gelu(z), slope ← gelu′(z) = Φ(z) + z·φ(z); one of them may be z itself. */
export function activateWithSlope(z: usize, size: i32, to: usize, slope: usize): void {
  let i: i32 = 0;
  for (; i + 4 <= size; i += 4, z += 16, to += 16, slope += 16) {
    const v = v128.load(z);
    const density = density4(v);
    const normal = normal4(v, density);
    v128.store(to, f32x4.mul(v, normal));
    v128.store(slope, f32x4.add(normal, f32x4.mul(v, density)));
  }
  if (i === size) return;
  const v = loadTail(z, size - i);
  const density = density4(v);
  const normal = normal4(v, density);
  storeTail(to, f32x4.mul(v, normal), size - i);
  storeTail(slope, f32x4.add(normal, f32x4.mul(v, density)), size - i);
}

/** to ← a∘b; it may be either of them. */
export function multiply(a: usize, b: usize, size: i32, to: usize): void {
  let i: i32 = 0;
  for (; i + 4 <= size; i += 4, a += 16, b += 16, to += 16) v128.store(to, f32x4.mul(v128.load(a), v128.load(b)));
  for (; i < size; i++, a += 4, b += 4, to += 4) store<f32>(to, load<f32>(a) * load<f32>(b));
}
