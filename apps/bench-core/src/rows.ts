/** The figures of results beside each other: relative to plain TensorFlow.js, and backend against backend. */
import { type Digests, type GradientDifference, largestDifference } from './digest.ts';
import { goalsOf } from './goals.ts';
import type { Result } from './result.ts';
import { isPoints, sizeKey } from './size.ts';
import { type Spread, spread } from './statistics.ts';
import { conventionalOnes } from './subjects/names.ts';

export interface Row {
  readonly result: Result;
  /** Of forward, loss and backward. */
  readonly step: Spread;
  /** Medians. `backward` is the step less the forward pass, `whole` the step and the optimizer. */
  readonly forward: number;
  readonly backward: number;
  readonly optimizer: number;
  readonly whole: number;
  /** Relative to `plain` and `jax` on the same backend at the same size, where they were measured. */
  readonly toPlain?: number;
  readonly toJax?: number;
  readonly memoryToPlain?: number;
  /** The step relative to its matrix products alone, in the same process. */
  readonly toProducts?: number;
  /** 3 × forward flops in the step's time, of the best product throughput measured on the backend. */
  readonly usefulShare?: number;
  /** Against the same subject on the first backend; absent for that one. */
  readonly lossDifference?: number;
  readonly gradientDifference?: GradientDifference;
  readonly checks: readonly string[];
  /** What a step should reach, and whether it does. */
  readonly goals: readonly string[];
}

/** Conventional gradients by different code agree to this, relative, each parameter; beyond it the row cries out. */
export const agreement = 1e-3;
/**
 * Of points: a ReLU at 0 and two neighbours that are as far each decide a gradient by rounding, and there are millions of them. (The
 * agreement test, at a size where that hardly happens, is as strict as for ViTs.)
 */
const pointAgreement = 3e-2;

const sameSize = (a: Result, b: Result) => caseSize(a) === caseSize(b);

/** The size of a case, for grouping. */
export function caseSize({ case: { size, chunks } }: Result): string {
  return `${sizeKey(size)}-c${chunks}`;
}

function checksOf(result: Result, conventional: Result | undefined): string[] {
  const checks: string[] = [];
  if (result.forwardIdentical !== undefined)
    checks.push(result.forwardIdentical ? 'forward = pretrained, bit for bit' : 'FORWARD DIFFERS FROM PRETRAINED');
  if (result.rebuiltIdentical !== undefined)
    checks.push(result.rebuiltIdentical ? 'rebuilt bit for bit' : 'REBUILT STATE DIFFERS');
  if (result.growth && (result.growth.tensors !== 0 || result.growth.bytes !== 0))
    checks.push(`GROWS BY ${result.growth.tensors} TENSORS, ${result.growth.bytes} BYTES`);
  if (conventional && conventional !== result && conventionalOnes.has(result.case.subject)) {
    const worst = largestDifference(digests(result), digests(conventional));
    if (worst)
      checks.push(
        worst.relative <= (isPoints(result.case.size) ? pointAgreement : agreement)
          ? `gradients = conventional${worst.relative === 0 ? ', in all projections' : ` to ${worst.relative.toExponential(0)}`}`
          : `GRADIENTS DIFFER FROM CONVENTIONAL BY ${worst.relative.toExponential(0)} (${worst.parameter})`,
      );
  }
  return checks;
}

const digests = ({ gradients }: Result): Digests => gradients;

/** @param results in the order of the table; the backend of the first is the one that others are compared with */
export function rowsOf(results: readonly Result[]): Row[] {
  const first = results[0]?.case.backend;
  return results.map((result) => {
    const peer = (subject: string, backend = result.case.backend) =>
      results.find(
        (other) => other.case.subject === subject && other.case.backend === backend && sameSize(other, result),
      );
    const median = (other: Result | undefined) => other && spread(other.times.step).median;
    const step = spread(result.times.step);
    const forward = spread(result.times.forward).median;
    const optimizer = spread(result.times.optimizer).median;
    const [plain, conventional, jax] = [peer('plain'), peer('conventional'), peer('jax')];
    const reference = result.case.backend === first ? undefined : peer(result.case.subject, first);
    const best = Math.max(
      ...results.flatMap(({ case: { backend }, throughput }) =>
        backend === result.case.backend && throughput ? [throughput.flops] : [],
      ),
    );
    const products = result.times.products && spread(result.times.products).median;
    const gradientDifference = reference && largestDifference(digests(result), digests(reference));
    const memoryToPlain =
      plain?.memory && result.memory ? result.memory.activationPeakBytes / plain.memory.activationPeakBytes : undefined;
    const over = (name: 'toPlain' | 'toJax', other: Result | undefined) => {
      const time = median(other);
      return time === undefined ? {} : { [name]: step.median / time };
    };
    return {
      result,
      step,
      forward,
      backward: Math.max(0, step.median - forward),
      optimizer,
      whole: step.median + optimizer,
      ...over('toPlain', plain),
      ...over('toJax', jax),
      ...(memoryToPlain !== undefined && { memoryToPlain }),
      ...(products !== undefined && { toProducts: step.median / products }),
      ...(Number.isFinite(best) && { usefulShare: (3 * result.forwardFlops) / step.median / best }),
      ...(reference && { lossDifference: Math.abs(result.loss / reference.loss - 1) }),
      ...(gradientDifference && { gradientDifference }),
      checks: checksOf(result, conventional),
      goals: goalsOf(result, { ...over('toPlain', plain), ...(memoryToPlain !== undefined && { memoryToPlain }) }),
    };
  });
}

/** Whether a check of the row failed: they are written in capitals. */
export function failed({ checks }: Row): boolean {
  return checks.some((check) => /^[A-Z]{3}/.test(check));
}
