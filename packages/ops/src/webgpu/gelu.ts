/** GELU's parts in WGSL, for f32 or vec4f. */

/**
 * `bell(x)`: e^(−x²/2). `normal(x, bell(x))`: Φ(x), the normal distribution function, by the rational approximation of erf 7.1.26 of
 * Abramowitz and Stegun, which needs that very exponential; its absolute error is below 1e-7, half a unit in the last place of 1.
 */
export const geluFunctions = (type: 'f32' | 'vec4f') => `
const bellScale = 0.3989422804014327;
fn bell(x: ${type}) -> ${type} { return exp(-0.5 * x * x); }
fn normal(x: ${type}, e: ${type}) -> ${type} {
  let t = 1.0 / (1.0 + 0.3275911 * 0.7071067811865476 * abs(x));
  let tail = 0.5 * t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * e;
  return select(tail, 1.0 - tail, x >= ${type}());
}`;
