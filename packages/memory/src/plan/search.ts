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

/** A setting of which is known what it takes, by prediction or by trial. */
export interface Weighed<Choice> {
  readonly choice: Choice;
  /** For messages: `exact, gradients in the sink`. */
  readonly title: string;
  /** Samples at a time. */
  readonly batch: number;
  /** What must be there: the device's bytes, or the logical ones where some of them are kept elsewhere. */
  readonly needBytes: number;
  /** How long a step takes, in any unit that all settings share. */
  readonly relativeTime: number;
}

/** What samples are called (`clips`), and what makes one take less (`fewer frames, a smaller size`). */
export type PlanWords = MemoryModel['words'];

/** A setting with what a dry run says of it. */
export interface Planned<Choice> extends Candidate<Choice>, Weighed<Choice> {
  readonly prediction: MemoryPrediction;
}

/** Nothing fits the budget. */
export class BudgetTooSmallError extends BudgetError {
  constructor(
    readonly budgetBytes: number,
    readonly leanest: Weighed<unknown>,
    { less }: PlanWords,
  ) {
    const lacks = leanest.needBytes - budgetBytes;
    super(
      `Nothing fits ${formatBytes(budgetBytes)}: the leanest setting (${leanest.title}, batch ${leanest.batch}) needs ${formatBytes(leanest.needBytes)}, ` +
        `${formatBytes(lacks)} (${lacks} bytes) more. Give a larger budget, or take ${less}, fewer blocks or a smaller model.`,
    );
  }

  /** Bytes that the leanest setting needs beyond the budget. */
  get lacksBytes(): number {
    return this.leanest.needBytes - this.budgetBytes;
  }
}

/**
 * A setting with what it is predicted to need.
 * @param unit the {@link stepWork} that relative times are of
 */
export function planned<Choice>(model: MemoryModel, candidate: Candidate<Choice>, unit = 1): Planned<Choice> {
  const prediction = predictMemory(model, candidate.setting);
  const needBytes = Math.max(prediction.deviceBytes, prediction.peakBytes);
  const { batch } = candidate.setting;
  return { ...candidate, batch, prediction, needBytes, relativeTime: stepWork(model, candidate.setting) / unit };
}

/** Each by a dry run; relative times are of the first one's. */
export function plannedAll<Choice>(model: MemoryModel, candidates: readonly Candidate<Choice>[]): Planned<Choice>[] {
  const [first] = candidates;
  const unit = first && stepWork(model, first.setting);
  return candidates.map((candidate) => planned(model, candidate, unit));
}

/** The fastest setting that fits, and those to fall back on. */
export interface Plan<W extends Weighed<unknown>> {
  readonly chosen: W;
  /** What to go on with where the chosen one does not fit after all: each leaner than the one before, the faster first. */
  readonly leaner: readonly W[];
}

/** As fast as this, a setting counts as no slower when the preferred method is chosen. */
const sameSpeed = 1.35;

/**
 * Of all settings that fit, the fastest; or the first `preferred` one where it is of about the same speed and leaner (a setting
 * that another beats in both is never chosen).
 * @param settings one or more; where two are equally fast, the one that comes first
 * @param preferred counts where a faster setting than the fastest that fits is known not to fit
 * @param fasterLeftOut whether there is one besides those given
 * @throws BudgetTooSmallError with the leanest setting
 */
export function choosePlan<W extends Weighed<unknown>>(
  settings: readonly W[],
  budgetBytes: number,
  words: PlanWords,
  preferred: (setting: W) => boolean,
  fasterLeftOut = false,
): Plan<W> {
  const all = settings.toSorted((a, b) => a.relativeTime - b.relativeTime);
  const fits = all.filter(({ needBytes }) => needBytes <= budgetBytes);
  const [fastest] = fits;
  if (!fastest) {
    if (all.length === 0) throw new RangeError('choosePlan needs a setting.');
    throw new BudgetTooSmallError(budgetBytes, leanestOf(all), words);
  }
  // The fastest of all leaves nothing to prefer.
  const liked =
    fasterLeftOut || fastest !== all[0]
      ? fits.find(
          (plan) =>
            preferred(plan) &&
            plan.relativeTime <= sameSpeed * fastest.relativeTime &&
            !fits.some((other) => other.relativeTime < plan.relativeTime && other.needBytes <= plan.needBytes),
        )
      : undefined;
  return planOf(all, liked ?? fastest);
}

/** The plan that begins with a setting that was chosen already. */
export function planOf<W extends Weighed<unknown>>(settings: readonly W[], chosen: W): Plan<W> {
  const all = settings.toSorted((a, b) => a.relativeTime - b.relativeTime);
  return { chosen, leaner: descent(all, chosen) };
}

function leanestOf<W extends Weighed<unknown>>(all: readonly W[]): W {
  return all.reduce((least, plan) => (plan.needBytes < least.needBytes ? plan : least));
}

/** From fast to slow, those that need less than everything before. */
function descent<W extends Weighed<unknown>>(all: readonly W[], chosen: W): W[] {
  const steps: W[] = [];
  let need = chosen.needBytes;
  for (const plan of all) {
    if (plan.needBytes >= need) continue;
    steps.push(plan);
    need = plan.needBytes;
  }
  return steps;
}
