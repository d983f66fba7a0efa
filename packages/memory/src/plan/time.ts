/**
 * How long a step takes, in multiplications with additions: enough to order settings, no more. A forward pass is 1, pullbacks
 * are 2; `checkpoint`, `reversible` and `exact` evaluate every sub-block once more, `checkpoint` with `every` k the sub-blocks
 * between kept states a further time, (k − 1)/k of them. In parts, `conventional` evaluates every sub-block once more, the others go
 * through each once as before and make copies of what the parts read. Passes over states and parameters are counted as so many
 * multiplications an element as they took on wasm and node.
 */
import type { MemoryModel, MemorySetting } from '../dry/predict.ts';

/** Of each element of a state and sub-block: the updates, and for methods that invert the inverse too. */
const passes = { conventional: 8, frozen: 4, checkpoint: 8, reversible: 20, exact: 120 } as const;
/** More of each element of a state and sub-block in parts; and of each part, for its many small operations (measured on node). */
const copies = 16;
const partCost = 2e8;
/** Of each parameter and batch that joins a sum of gradients. */
const joining = 8;

function extraForwards({ method }: MemorySetting): number {
  switch (method.name) {
    case 'checkpoint':
      return 1 + (method.every - 1) / method.every;
    case 'reversible':
    case 'exact':
      return 1;
    default:
      return 0;
  }
}

/** The work of one optimizer step. */
export function stepWork(model: MemoryModel, setting: MemorySetting): number {
  const { method, batch, training } = setting;
  const { subBlocks, rest } = model.arithmetic;
  const forward = subBlocks + rest;
  const inParts = training.chunks > 1;
  const again = (extraForwards(setting) + (inParts && method.name === 'conventional' ? 1 : 0)) * subBlocks;
  const backward = method.name === 'frozen' ? 0 : 2 * forward + again;
  const states = (passes[method.name] + (inParts ? copies : 0)) * model.subBlocks * model.stateSize;
  const sums = training.accumulate > 1 ? joining * model.parameterCount : 0;
  const parts = inParts ? training.chunks * model.subBlocks * partCost : 0;
  return training.accumulate * (batch * (forward + backward + states) + sums + parts);
}
