/**
 * The exact update and its inverse in WGSL, in wrapping i32 arithmetic. Every intermediate is small, or wraps in both
 * directions alike:
 *
 * - update: X = Xh·2ˢ + Xl, so T = aX + bP gives ⌊T/2ˢ⌋ = a·Xh + b·Ph + ⌊(a·Xl + b·Pl)/2ˢ⌋ and T mod 2ˢ = (a·Xl + b·Pl) mod 2ˢ;
 * - inverse: with c = |b|, X = c·u + v and q = c·h + w (floor division),
 *   ⌈(q·2ˢ − a·X)/c⌉ = h·2ˢ − a·u + ⌈(w·2ˢ − a·v)/c⌉.
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
    return (bitcast<u32>(f) & 0x7fffffffu) < bitcast<u32>(p.bound);
  }
  fn rounded(f : f32) -> i32 {
    return i32(round(f * p.unit));
  }`;

/** What the host's loops saturate to. */
const saturated = '2147483647';

/** unit = 2ᶠ, bound = 2³¹⁻ᶠ */
const roundingParams = { unit: 'f32', bound: 'f32' } as const;

export const quantize: Kernel = {
  name: 'exact quantize',
  alone: true,
  inputs: { x: 'f32' },
  output: 'i32',
  params: roundingParams,
  functions: rounding,
  body: `
    let value = x[index];
    if (fits(value)) { result[index] = rounded(value); } else { result[index] = ${saturated}; }`,
};

export const dequantize: Kernel = {
  name: 'exact dequantize',
  alone: true,
  inputs: { x: 'i32' },
  output: 'f32',
  params: { unit: 'f32' },
  body: 'result[index] = f32(x[index]) * p.unit;',
};

/** a, b, s of the coefficients; mask = 2ˢ − 1 */
const gridParams = { a: 'i32', b: 'i32', s: 'i32', mask: 'i32' } as const;

export const update: Kernel = {
  name: 'exact update',
  alone: true,
  inputs: { f: 'f32', x: 'i32', previous: 'i32' },
  output: 'i32',
  params: { ...gridParams, ...roundingParams, alpha: 'f32', beta: 'f32' },
  functions: rounding,
  body: `
    let s = u32(p.s);
    let value = f[index];
    let now = x[index];
    let before = previous[index];
    let low = p.a * (now & p.mask) + p.b * (before & p.mask);
    let term = p.a * (now >> s) + p.b * (before >> s) + (low >> s);
    // In float32 the sums are known to within 2¹²: enough to see that one leaves the range, and wraps.
    let termSize = p.alpha * f32(now) + p.beta * f32(before);
    let size = termSize + value * p.unit;
    const limit = 2147479552.0;
    if (fits(value) && abs(termSize) < limit && abs(size) < limit) {
      result[index] = rounded(value) + term;
    } else {
      result[index] = ${saturated};
    }`,
};

/** The streams of the packing (packing.ts): the second begins at word `split`; its radix is 0 where there is none. */
const streamParams = {
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
  name: 'exact pack',
  alone: true,
  inputs: { x: 'i32', previous: 'i32' },
  output: 'i32',
  params: { ...gridParams, ...streamParams, divisor: 'i32', elements: 'i32' },
  body: `
    let second = index >= p.split;
    let shift = u32(select(p.shift0, p.shift1, second));
    let digitMask = select(p.mask0, p.mask1, second);
    let radix = u32(select(p.radix0, p.radix1, second));
    let perGroup = u32(select(p.perGroup0, p.perGroup1, second));
    let groupBits = u32(select(p.groupBits0, p.groupBits1, second));
    let elements = u32(p.elements);
    let first = u32(select(index, index - p.split, second)) * 32u;
    let last = min((first + 31u) / groupBits, (elements - 1u) / perGroup);
    var word = 0u;
    for (var k = first / groupBits; k <= last; k++) {
      var group = 0u;
      var power = 1u;
      let end = min((k + 1u) * perGroup, elements);
      for (var i = k * perGroup; i < end; i++) {
        let low = p.a * (x[i] & p.mask) + p.b * (previous[i] & p.mask);
        let j = (low & p.mask) / p.divisor;
        group += u32((j >> shift) & digitMask) * power;
        power *= radix;
      }
      let at = k * groupBits;
      if (at >= first) { word |= group << (at - first); } else { word |= group >> (first - at); }
    }
    result[index] = bitcast<i32>(word);`,
};

const rebuild = (index: string) => `
    let c = p.divisor;
    let now = x[index];
    let q = next[index] - rounded(f[index]);
    let u = floorDivide(now, c);
    let v = now - u * c;
    let h = floorDivide(q, c);
    let w = q - h * c;
    let s = u32(p.s);
    let ceiling = -floorDivide(p.a * v - (w << s), c);
    let size = (h << s) - p.a * u + ceiling + ${index};
    result[index] = select(-size, size, p.b > 0);`;

const inverseParams = { ...gridParams, ...roundingParams, divisor: 'i32' } as const;

/** Where |β| ≥ 1: there is one candidate, and no side information. */
export const inverseWithoutSide: Kernel = {
  name: 'exact inverse without side',
  alone: true,
  inputs: { next: 'i32', f: 'f32', x: 'i32' },
  output: 'i32',
  params: inverseParams,
  functions: rounding + floorDivide,
  body: rebuild('0'),
};

export const inverse: Kernel = {
  name: 'exact inverse',
  alone: true,
  inputs: { next: 'i32', f: 'f32', x: 'i32', side: 'i32' },
  output: 'i32',
  params: { ...inverseParams, ...streamParams },
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
    let j = digitAt(element, 0, p.radix0, p.perGroup0, p.groupBits0) << u32(p.shift0);
    if (p.radix1 == 0) { return j; }
    return j | (digitAt(element, p.split, p.radix1, p.perGroup1, p.groupBits1) << u32(p.shift1));
  }`,
  body: rebuild('indexAt(u32(index))'),
};

/** The largest magnitude among every 4096th element. */
export const magnitudes: Kernel = {
  name: 'exact magnitudes',
  alone: true,
  inputs: { x: 'i32' },
  output: 'f32',
  params: { elements: 'i32' },
  body: `
    var largest = 0;
    for (var i = index; i < p.elements; i += p.size) { largest = max(largest, abs(x[i])); }
    result[index] = f32(largest);`,
};
