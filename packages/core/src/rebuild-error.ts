/**
 * What rounding does to states that are rebuilt in floating point, predicted from (α, β) and depth alone.
 *
 * The inverse x_{i−1} = (x_{i+1} − F_i(x_i) − α·x_i)/β takes the errors (e_{i+1}, e_i) of two neighbouring states to
 *
 *     e_{i−1} = (e_{i+1} − (α + J_i)·e_i)/β + δ_i,       J_i = ∂F_i/∂x
 *
 * with a fresh rounding error δ_i of about u·κ·√(|x_{i+1}|² + |F_i|² + α²|x_i|² + β²|x_{i−1}|²)/|β|, u = 2⁻²⁴: the terms of the
 * forward sum and of the inverse are rounded, and divided by β. Without J that is the inverse companion matrix [[−α/β, 1/β], [1, 0]].
 * The Jacobians of neighbouring sub-blocks have little to do with one another, so J_i is taken as a random matrix of mean 0 that
 * multiplies lengths by g_i = φ/|x_i| (a normalising sub-block reads x_i/|x_i|, so its Jacobian falls as the state grows). Then
 * second moments follow a linear recursion, which is exact for F = 0, and holds for β < 0 and complex roots alike; those of the states
 * follow the same kind of recursion forward, each F_i adding φ² of |x_0|². What is predicted is √E|e_i|²/√E|x_i|²: the error relative to
 * a state that itself grows (α+β > 1) or shrinks.
 *
 * φ = 0.7 was fitted to random pre-norm transformers (4 … 48 sub-blocks, weights of gain 0.3 … 1, 14 pairs (α, β) from β = 0.01 to 1 and
 * to −0.9; TensorFlow's kernels), where κ = 0.6 fits best; κ = 0.8 leaves a margin. With it the prediction is 0.5 … 4 times what
 * is measured up to an error of 1e-5, and goes on growing at the right rate where states do not shrink; where they do (α+β far below 1)
 * it is too high.
 */
import type { Coefficients } from './contract.ts';

/** Half the distance of 1 to the next float32. */
const unit = 2 ** -24;
/** κ: a step's rounding errors in units of u times the terms. */
const roundings = 0.8;
/** φ: |F_i| and |J_i|·|x_i| relative to |x_0|. */
const branch = 0.7;

/**
 * ‖A⁻ᵏ‖₂ of the companion matrix A = [[α, β], [1, 0]]: by how much k inverse sub-blocks with F = 0 enlarge the worst error of a state
 * pair. Grows as (2/|√(α²+4β) − |α||)ᵏ where the roots are real, as |β|^{−k/2} where they are complex.
 */
export function inverseAmplification({ alpha, beta }: Coefficients, subBlocks: number): number {
  let [a, b, c, d] = [1, 0, 0, 1];
  for (let k = 0; k < subBlocks; k++) [a, b, c, d] = [c, d, (a - alpha * c) / beta, (b - alpha * d) / beta];
  // The larger singular value of [[a, b], [c, d]].
  const [sum, difference] = [Math.hypot(a + d, b - c), Math.hypot(a - d, b + c)];
  return (sum + difference) / 2;
}

/** E|x_i|²/|x_0|², i = 0 … n. */
export function stateScales({ alpha, beta }: Coefficients, n: number): number[] {
  const scales = [1];
  let [before, now, both] = [1, 1, 1];
  for (let i = 0; i < n; i++) {
    const next = alpha ** 2 * now + beta ** 2 * before + 2 * alpha * beta * both + branch ** 2;
    both = alpha * now + beta * both;
    [before, now] = [now, next];
    scales.push(next);
  }
  return scales;
}

/** Walks back from x_i: what is known of the errors of the pair (x_{i+1}, x_i). */
export class RebuildWalk {
  /** E|e_{i+1}|², E|e_i|², E⟨e_{i+1}, e_i⟩. */
  #after = 0;
  #now = 0;
  #both = 0;

  /**
   * @param scales of all states of the run (`stateScales`)
   * @param i the earlier state of a pair (x_{i+1}, x_i) that is stored
   */
  constructor(
    private readonly coefficients: Coefficients,
    private readonly scales: readonly number[],
    private i: number,
  ) {}

  /** Rebuilds x_{i−1}, and gives its relative error. */
  next(): number {
    const { alpha, beta } = this.coefficients;
    const { scales, i } = this;
    const [after, now, before] = [scales[i + 1]!, scales[i]!, scales[i - 1]!];
    const fresh = (unit * roundings) ** 2 * (after + branch ** 2 + alpha ** 2 * now + beta ** 2 * before);
    const carried = this.#after + (alpha ** 2 + branch ** 2 / now) * this.#now - 2 * alpha * this.#both;
    const error = (Math.max(0, carried) + fresh) / beta ** 2;
    this.#both = (this.#both - alpha * this.#now) / beta;
    [this.#after, this.#now] = [this.#now, error];
    this.i--;
    return Math.sqrt(error / before);
  }

  /** Puts the stored state in the place of the one just rebuilt. */
  settle(): void {
    this.#now = 0;
    this.#both = 0;
  }
}
