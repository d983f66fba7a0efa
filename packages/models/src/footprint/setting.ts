/** How a method of `@dr2net/core` is planned: what its memory follows from. */
import { anchorPositions, type Coefficients, finerBits, type Method, methodCoefficients } from '@dr2net/core';
import type { MemorySetting } from '@dr2net/memory';
import { exactGrid, sideWords } from '@dr2net/ops';

/** The rebuilt x_0 is compared with a sixteenth of the stored one, unless an anchor stands there or nobody asks. */
function reversibleSetting(anchors: readonly number[], tolerance: number | undefined, subBlocks: number) {
  const sampled = tolerance !== Number.POSITIVE_INFINITY && subBlocks > 1 && !anchors.some((i) => i <= 1);
  return { name: 'reversible', anchors, sampled } as const;
}

/**
 * The part of a planner's setting that the method and (α, β) decide, for a run of so many sub-blocks.
 * @throws MethodError, CoefficientsError as a run with them would
 */
export function methodSetting(
  method: Method,
  coefficients: Coefficients,
  subBlocks: number,
): Pick<MemorySetting, 'method' | 'coefficients' | 'sideWords'> {
  const used = methodCoefficients(method, coefficients, subBlocks);
  const base = { coefficients: used, sideWords: () => 0 };
  switch (method.name) {
    case 'checkpoint':
      return { ...base, method: { name: 'checkpoint', every: method.every ?? 1 } };
    case 'reversible':
      return {
        ...base,
        method: reversibleSetting(anchorPositions(method, used, subBlocks), method.tolerance, subBlocks),
      };
    case 'exact': {
      const grid = exactGrid(used.alpha, used.beta, {
        // Any: the side information does not depend on it.
        fractionBits: 0,
        ...(method.coefficientBits !== undefined && { coefficientBits: method.coefficientBits }),
      });
      const words = (elements: number) => sideWords(elements, grid);
      const finer = finerBits(method, used, subBlocks);
      const lostBits = finer.map((bits, i) => (i === 0 ? 0 : finer[i - 1]! - bits));
      return { ...base, method: { name: 'exact', verify: method.verify ?? false, lostBits }, sideWords: words };
    }
    default:
      return { ...base, method: { name: method.name } };
  }
}
