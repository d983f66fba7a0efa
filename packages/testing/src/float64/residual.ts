/** What a float64 residual function is, and the parts that blocks are made of: LayerNorm, linear, GELU, each with its gradient by hand. */
import { columnSums, combine, product, transposed } from './matrix.ts';

export type Weights = ReadonlyMap<string, Float64Array>;
export type Gradients = Map<string, Float64Array>;

export interface Part {
  readonly value: Float64Array;
  /** dL/dx from dL/dy; the weights' gradients are put into `gradients` under their names. */
  readonly pullback: (dy: Float64Array, gradients: Gradients) => Float64Array;
}

/** F_i with its gradient. */
export type Residual64 = (x: Float64Array) => Part;

export function weight(weights: Weights, name: string): Float64Array {
  const found = weights.get(name);
  if (!found) throw new Error(`There is no weight ${name}.`);
  return found;
}

/** x·W + b over rows; W is [inputs, outputs]. */
export function linear64(x: Float64Array, weights: Weights, name: string): Part {
  const [w, b] = [weight(weights, `${name}.weight`), weight(weights, `${name}.bias`)];
  const outputs = b.length;
  const inputs = w.length / outputs;
  const rows = x.length / inputs;
  const value = product(x, w, rows, inputs, outputs).map((sum, i) => sum + b[i % outputs]!);
  return {
    value,
    pullback(dy, gradients) {
      gradients.set(`${name}.weight`, product(transposed(x, rows, inputs), dy, inputs, rows, outputs));
      gradients.set(`${name}.bias`, columnSums(dy, outputs));
      return product(dy, transposed(w, inputs, outputs), rows, outputs, inputs);
    },
  };
}

/** LayerNorm over rows. */
export function layerNorm64(x: Float64Array, weights: Weights, name: string, epsilon: number): Part {
  const [gain, bias] = [weight(weights, `${name}.weight`), weight(weights, `${name}.bias`)];
  const width = gain.length;
  const rows = x.length / width;
  const normed = new Float64Array(x.length);
  const scales = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = x.subarray(r * width, (r + 1) * width);
    const mean = row.reduce((sum, value) => sum + value, 0) / width;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    scales[r] = 1 / Math.sqrt(variance + epsilon);
    for (let j = 0; j < width; j++) normed[r * width + j] = (row[j]! - mean) * scales[r]!;
  }
  return {
    value: normed.map((value, i) => value * gain[i % width]! + bias[i % width]!),
    pullback(dy, gradients) {
      gradients.set(
        `${name}.weight`,
        columnSums(
          combine(dy, normed, (d, n) => d * n),
          width,
        ),
      );
      gradients.set(`${name}.bias`, columnSums(dy, width));
      const d = dy.map((value, i) => value * gain[i % width]!);
      const dx = new Float64Array(x.length);
      for (let r = 0; r < rows; r++) {
        let [mean, along] = [0, 0];
        for (let i = r * width; i < (r + 1) * width; i++) {
          mean += d[i]! / width;
          along += (d[i]! * normed[i]!) / width;
        }
        for (let i = r * width; i < (r + 1) * width; i++) dx[i] = scales[r]! * (d[i]! - mean - normed[i]! * along);
      }
      return dx;
    },
  };
}

/** erf by the series 2/√π·e^{−x²}·Σ 2ᵏ x^{2k+1}/(2k+1)!!, whose terms all have one sign; beyond 6 it is ±1 in float64. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [sum, term] = [x, x];
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const normalDistribution = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;

/** x·Φ(x), the exact GELU. */
export function gelu64(x: Float64Array): Part {
  const phi = x.map(normalDistribution);
  return {
    value: combine(x, phi, (value, p) => value * p),
    pullback: (dy) =>
      combine(
        dy,
        x,
        (d, value, i) => d * (phi[i]! + (value * Math.exp((-value * value) / 2)) / Math.sqrt(2 * Math.PI)),
      ),
  };
}
