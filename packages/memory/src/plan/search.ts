/** The fastest setting that fits a budget. */

import { type MemoryModel, type MemoryPrediction, type MemorySetting, predictMemory } from '../dry/predict.ts';
import { formatBytes } from '../format.ts';
import { BudgetError } from './budget.ts';
import { stepWork } from './time.ts';

/** A setting that may be chosen; `choice` is what the caller makes of it. */
export interface Candidate<Choice> {
  readonly choice: Choice;
  /** For messages: `exact, gradients in the sink`. */
  readonly title: string;
  readonly setting: MemorySetting;
}

export interface Planned<Choice> extends Candidate<Choice> {
  readonly prediction: MemoryPrediction;
  /** What must be there: the device's bytes, or the logical ones where some of them are kept elsewhere. */
  readonly needBytes: number;
  /** The work of a step by the arithmetic of {@link stepWork}, of that of the first candidate. */
  readonly relativeTime: number;
}

/** Nothing fits the budget. */
export class BudgetTooSmallError extends BudgetError {
  constructor(
    readonly budgetBytes: number,
    readonly leanest: Planned<unknown>,
    { less }: MemoryModel['words'],
  ) {
    const lacks = leanest.needBytes - budgetBytes;
    super(
      `Nothing fits ${formatBytes(budgetBytes)}: the leanest setting (${leanest.title}, batch ${leanest.setting.batch}) needs ${formatBytes(leanest.needBytes)}, ` +
        `${formatBytes(lacks)} (${lacks} bytes) more. Give a larger budget, or take ${less}, fewer blocks or a smaller model.`,
    );
  }

  /** Bytes that the leanest setting needs beyond the budget. */
  get lacksBytes(): number {
    return this.leanest.needBytes - this.budgetBytes;
  }
}

export function planned<Choice>(model: MemoryModel, candidate: Candidate<Choice>, unit = 1): Planned<Choice> {
  const prediction = predictMemory(model, candidate.setting);
  const needBytes = Math.max(prediction.deviceBytes, prediction.peakBytes);
  return { ...candidate, prediction, needBytes, relativeTime: stepWork(model, candidate.setting) / unit };
}

export interface Plan<Choice> {
  readonly chosen: Planned<Choice>;
  /** What to go on with where the chosen one does not fit after all: each leaner than the one before, the faster first. */
  readonly leaner: readonly Planned<Choice>[];
}

/** As fast as this, a setting counts as no slower when the preferred method is chosen. */
const sameSpeed = 1.35;

/**
 * Of all settings that fit, the fastest by {@link stepWork}; or the first `preferred` one where it is of about the same speed
 * and leaner (a setting that another beats in both is never chosen).
 * @param candidates one or more; the first is the unit of relative times
 * @throws BudgetTooSmallError with the leanest setting
 */
export function choosePlan<Choice>(
  model: MemoryModel,
  candidates: readonly Candidate<Choice>[],
  budgetBytes: number,
  preferred: (choice: Choice) => boolean,
): Plan<Choice> {
  const [first] = candidates;
  if (!first) throw new RangeError('choosePlan needs a candidate.');
  const unit = stepWork(model, first.setting);
  const all = candidates
    .map((candidate) => planned(model, candidate, unit))
    .sort((a, b) => a.relativeTime - b.relativeTime);
  const fits = all.filter(({ needBytes }) => needBytes <= budgetBytes);
  const [fastest] = fits;
  if (!fastest) throw new BudgetTooSmallError(budgetBytes, leanestOf(all), model.words);
  // The fastest of all leaves nothing to prefer.
  const liked =
    fastest !== all[0]
      ? fits.find(
          (plan) =>
            preferred(plan.choice) &&
            plan.relativeTime <= sameSpeed * fastest.relativeTime &&
            !fits.some((other) => other.relativeTime < plan.relativeTime && other.needBytes <= plan.needBytes),
        )
      : undefined;
  const chosen = liked ?? fastest;
  return { chosen, leaner: descent(all, chosen) };
}

function leanestOf<Choice>(all: readonly Planned<Choice>[]): Planned<Choice> {
  return all.reduce((least, plan) => (plan.needBytes < least.needBytes ? plan : least));
}

/** From fast to slow, those that need less than everything before. */
function descent<Choice>(all: readonly Planned<Choice>[], chosen: Planned<Choice>): Planned<Choice>[] {
  const steps: Planned<Choice>[] = [];
  let need = chosen.needBytes;
  for (const plan of all) {
    if (plan.needBytes >= need) continue;
    steps.push(plan);
    need = plan.needBytes;
  }
  return steps;
}
