/**
 * The exact update and its inverse in WGSL, in wrapping i32 arithmetic. Every intermediate is small, or wraps in both
 * directions alike:
 *
 * - update: X = Xh·2ˢ + Xl, so T = aX + bP gives ⌊T/2ˢ⌋ = a·Xh + b·Ph + ⌊(a·Xl + b·Pl)/2ˢ⌋ and T mod 2ˢ = (a·Xl + b·Pl) mod 2ˢ;
 * - inverse: with c = |b|, X = c·u + v and q = c·p + w (floor division),
 *   ⌈(q·2ˢ − a·X)/c⌉ = p·2ˢ − a·u + ⌈(w·2ˢ − a·v)/c⌉.
 */
import type { Kernel } from '../webgpu/each.ts';

/** Quotients that floor, for a positive divisor; WGSL's `/` cuts towards zero. */
const floorDivide = `
  fn floorDivide(x : i32, c : i32) -> i32 {
    let q = x / c;
    return select(q, q - 1, q * c > x);
  }`;

/** round(2ᶠF), ties to even. 2ᶠF is exact; where it does not fit (NaN too: its bits are larger) `fits` is false. */
const rounding = `
  fn fits(f : f32) -> bool {
    return (bitcast<u32>(f) & 0x7fffffffu) < bitcast<u32>(uniforms.bound);
  }
  fn rounded(f : f32) -> i32 {
    return i32(round(f * uniforms.unit));
  }`;

/** What the host's loops saturate to. */
const saturated = '2147483647';

/** unit = 2ᶠ, bound = 2³¹⁻ᶠ */
const roundingUniforms = { unit: 'f32', bound: 'f32' } as const;

export const quantize: Kernel = {
  name: 'exact_quantize',
  inputs: ['x'],
  uniforms: roundingUniforms,
  functions: rounding,
  body: `
    let value = x[index];
    if (fits(value)) { result[index] = rounded(value); } else { result[index] = ${saturated}; }`,
};

export const dequantize: Kernel = {
  name: 'exact_dequantize',
  inputs: ['x'],
  uniforms: { unit: 'f32' },
  body: 'result[index] = f32(x[index]) * uniforms.unit;',
};

/** a, b, s of the coefficients; mask = 2ˢ − 1 */
const gridUniforms = { a: 'i32', b: 'i32', s: 'i32', mask: 'i32' } as const;

export const update: Kernel = {
  name: 'exact_update',
  inputs: ['f', 'x', 'previous'],
  uniforms: { ...gridUniforms, ...roundingUniforms, alpha: 'f32', beta: 'f32' },
  functions: rounding,
  body: `
    let s = u32(uniforms.s);
    let value = f[index];
    let now = x[index];
    let before = previous[index];
    let low = uniforms.a * (now & uniforms.mask) + uniforms.b * (before & uniforms.mask);
    let term = uniforms.a * (now >> s) + uniforms.b * (before >> s) + (low >> s);
    // In float32 the sums are known to within 2¹²: enough to see that one leaves the range, and wraps.
    let termSize = uniforms.alpha * f32(now) + uniforms.beta * f32(before);
    let size = termSize + value * uniforms.unit;
    const limit = 2147479552.0;
    if (fits(value) && abs(termSize) < limit && abs(size) < limit) {
      result[index] = rounded(value) + term;
    } else {
      result[index] = ${saturated};
    }`,
};

/** The streams of the packing (packing.ts): the second begins at word `split`; its radix is 0 where there is none. */
const streamUniforms = {
  split: 'i32',
  shift0: 'i32',
  mask0: 'i32',
  radix0: 'i32',
  perGroup0: 'i32',
  groupBits0: 'i32',
  shift1: 'i32',
  mask1: 'i32',
  radix1: 'i32',
  perGroup1: 'i32',
  groupBits1: 'i32',
} as const;

/** One word of the packed indices an invocation: the groups that it overlaps are computed again. */
export const pack: Kernel = {
  name: 'exact_pack',
  inputs: ['x', 'previous'],
  uniforms: { ...gridUniforms, ...streamUniforms, divisor: 'i32', elements: 'i32' },
  body: `
    let second = index >= uniforms.split;
    let shift = u32(select(uniforms.shift0, uniforms.shift1, second));
    let digitMask = select(uniforms.mask0, uniforms.mask1, second);
    let radix = u32(select(uniforms.radix0, uniforms.radix1, second));
    let perGroup = u32(select(uniforms.perGroup0, uniforms.perGroup1, second));
    let groupBits = u32(select(uniforms.groupBits0, uniforms.groupBits1, second));
    let elements = u32(uniforms.elements);
    let first = u32(select(index, index - uniforms.split, second)) * 32u;
    let last = min((first + 31u) / groupBits, (elements - 1u) / perGroup);
    var word = 0u;
    for (var k = first / groupBits; k <= last; k++) {
      var group = 0u;
      var power = 1u;
      let end = min((k + 1u) * perGroup, elements);
      for (var i = k * perGroup; i < end; i++) {
        let low = uniforms.a * (x[i] & uniforms.mask) + uniforms.b * (previous[i] & uniforms.mask);
        let j = (low & uniforms.mask) / uniforms.divisor;
        group += u32((j >> shift) & digitMask) * power;
        power *= radix;
      }
      let at = k * groupBits;
      if (at >= first) { word |= group << (at - first); } else { word |= group >> (first - at); }
    }
    result[index] = bitcast<i32>(word);`,
};

const rebuild = (index: string) => `
    let c = uniforms.divisor;
    let now = x[index];
    let q = next[index] - rounded(f[index]);
    let u = floorDivide(now, c);
    let v = now - u * c;
    let p = floorDivide(q, c);
    let w = q - p * c;
    let s = u32(uniforms.s);
    let ceiling = -floorDivide(uniforms.a * v - (w << s), c);
    let size = (p << s) - uniforms.a * u + ceiling + ${index};
    result[index] = select(-size, size, uniforms.b > 0);`;

const inverseUniforms = { ...gridUniforms, ...roundingUniforms, divisor: 'i32' } as const;

/** Where |β| ≥ 1: there is one candidate, and no side information. */
export const inverseWithoutSide: Kernel = {
  name: 'exact_inverse_without_side',
  inputs: ['next', 'f', 'x'],
  uniforms: inverseUniforms,
  functions: rounding + floorDivide,
  body: rebuild('0'),
};

export const inverse: Kernel = {
  name: 'exact_inverse',
  inputs: ['next', 'f', 'x', 'side'],
  uniforms: { ...inverseUniforms, ...streamUniforms },
  functions: `${rounding}${floorDivide}
  fn digitAt(element : u32, first : i32, radix : i32, perGroup : i32, groupBits : i32) -> i32 {
    let g = u32(perGroup);
    let bits = u32(groupBits);
    let at = (element / g) * bits;
    let word = u32(first) + at / 32u;
    let offset = at % 32u;
    var group = bitcast<u32>(side[word]) >> offset;
    if (offset + bits > 32u) { group |= bitcast<u32>(side[word + 1u]) << (32u - offset); }
    if (bits < 32u) { group &= (1u << bits) - 1u; }
    for (var digit = element % g; digit > 0u; digit--) { group /= u32(radix); }
    return i32(group % u32(radix));
  }
  fn indexAt(element : u32) -> i32 {
    let j = digitAt(element, 0, uniforms.radix0, uniforms.perGroup0, uniforms.groupBits0) << u32(uniforms.shift0);
    if (uniforms.radix1 == 0) { return j; }
    return j | (digitAt(element, uniforms.split, uniforms.radix1, uniforms.perGroup1, uniforms.groupBits1) << u32(uniforms.shift1));
  }`,
  body: rebuild('indexAt(u32(index))'),
};

/** The largest magnitude among every 4096th element. */
export const magnitudes: Kernel = {
  name: 'exact_magnitudes',
  inputs: ['x'],
  uniforms: { elements: 'i32' },
  body: `
    var largest = 0;
    for (var i = index; i < uniforms.elements; i += uniforms.size) { largest = max(largest, abs(x[i])); }
    result[index] = f32(largest);`,
};
