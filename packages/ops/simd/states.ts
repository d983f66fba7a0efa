// The module of whole states: the dual-residual update and its inverse (arXiv 2401.04105, section 3). All pointers are addresses in
// tfjs-wasm's memory.

/** next = β·previous + (α·x + f), in the order of the composed operations, so that the bits are theirs. */
export function update(f: usize, x: usize, previous: usize, alpha: f32, beta: f32, size: i32, next: usize): void {
  const a = f32x4.splat(alpha);
  const b = f32x4.splat(beta);
  let at: usize = 0;
  let i: i32 = 0;
  for (; i + 4 <= size; i += 4, at += 16) {
    let sum = v128.load(f + at);
    if (alpha !== 0) sum = f32x4.add(f32x4.mul(a, v128.load(x + at)), sum);
    if (beta !== 0) sum = f32x4.add(f32x4.mul(b, v128.load(previous + at)), sum);
    v128.store(next + at, sum);
  }
  for (; i < size; i++, at += 4) {
    let sum = load<f32>(f + at);
    if (alpha !== 0) sum = alpha * load<f32>(x + at) + sum;
    if (beta !== 0) sum = beta * load<f32>(previous + at) + sum;
    store<f32>(next + at, sum);
  }
}

/** previous = (next − f − α·x)/β */
export function inverse(next: usize, f: usize, x: usize, alpha: f32, beta: f32, size: i32, previous: usize): void {
  const a = f32x4.splat(alpha);
  const b = f32x4.splat(beta);
  let at: usize = 0;
  let i: i32 = 0;
  for (; i + 4 <= size; i += 4, at += 16) {
    let rest = f32x4.sub(v128.load(next + at), v128.load(f + at));
    if (alpha !== 0) rest = f32x4.sub(rest, f32x4.mul(a, v128.load(x + at)));
    v128.store(previous + at, f32x4.div(rest, b));
  }
  for (; i < size; i++, at += 4) {
    let rest = load<f32>(next + at) - load<f32>(f + at);
    if (alpha !== 0) rest = rest - alpha * load<f32>(x + at);
    store<f32>(previous + at, rest / beta);
  }
}
