// exp, Φ and sums of four numbers at a time.

/** Σ of the lanes. */
export function total(v: v128): f32 {
  const two = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1);
}

/**
 * eˣ within 2 units in the last place (Cephes' expf); 0 below −80, as numbers so small that products of them lose their normal form
 * take a hundred times as long; 2.4e38 above 88.4; NaN for NaN.
 */
export function exp4(x: v128): v128 {
  const v = f32x4.max(f32x4.splat(-80), f32x4.min(f32x4.splat(88.37626), x));
  const n = f32x4.nearest(f32x4.mul(v, f32x4.splat(Mathf.LOG2E)));
  let r = f32x4.sub(v, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
  let y = f32x4.splat(1.98756915e-4);
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(1.3981999507e-3));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(8.3334519073e-3));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(4.1665795894e-2));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(1.6666665459e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(5.0000001201e-1));
  y = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(y, r), r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(y, power), f32x4.lt(x, f32x4.splat(-80)));
}

/** φ(x), the standard normal density. */
export function density4(x: v128): v128 {
  return f32x4.mul(exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))), f32x4.splat(0.3989422804));
}

/**
 * Φ(x) from φ(x): Φ(−|x|) = φ(x)·t·P(t), t = 1/(1 + 0.46·|x|), P fitted by us to 2.7e-8 relative (2.4e-7 with float32's rounding), so
 * that the tail keeps its digits.
 */
export function normal4(x: v128, density: v128): v128 {
  const one = f32x4.splat(1);
  const t = f32x4.div(one, f32x4.add(one, f32x4.mul(f32x4.abs(x), f32x4.splat(0.46))));
  let p = f32x4.splat(0.1091682296);
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.6145657284));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(1.389794871));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-1.47371083));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.5391801905));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.007450217773));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.3938693132));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.4568961952));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.4601321462));
  const tail = f32x4.mul(f32x4.mul(p, t), density);
  return v128.bitselect(f32x4.sub(one, tail), tail, f32x4.gt(x, f32x4.splat(0)));
}
