/** `finetune --budget`: the plan's choice in the place of method, batch, accumulation and update. */
import type { Backend } from '@dr2net/backends';
import type { Coefficients, Method } from '@dr2net/core';
import { type MemoryModel, type PlannedOptimizer, plannedBackends } from '@dr2net/memory';
import { type CoefficientSchedule, constant } from '@dr2net/schedulers';
import { UsageError } from '../errors.ts';
import { coefficientsOf } from '../options/coefficients.ts';
import { methodOf } from '../options/method.ts';
import type { RunSettings } from '../options/run.ts';
import { coefficientSchedule } from '../options/schedule.ts';
import { clipOf, optimizerOf } from '../options/training.ts';
import { asGiven } from '../options/values.ts';
import type { Output } from '../output.ts';
import { budgetBytes, leanerMethods, planFor, planInWords } from '../plan/budget.ts';
import { choiceTitle } from '../plan/candidates.ts';
import { measuredPlan } from '../plan/measured.ts';
import type { Trials } from '../plan/trials.ts';
import type { Network } from '../tasks/contract.ts';
import { remember, rememberedChoice } from './remembered.ts';

export interface PlannedRun<S extends RunSettings> {
  readonly settings: S;
  readonly method: Method;
  /** Those of the method that was asked for: a method that the budget chose trains the same network. */
  readonly coefficients: Coefficients;
  readonly schedule: CoefficientSchedule;
  readonly leaner: readonly Method[];
  /** What was chosen by trials, and of what, for a run that goes on. */
  readonly measured?: string;
}

/** The smallest β ≠ 0 on the schedule's way: there `exact` keeps the most. */
function leastBeta(schedule: CoefficientSchedule, otherwise: Coefficients): Coefficients {
  const points = Array.from({ length: 100 }, (_, i) => schedule.at(i, 100, 10)).filter(({ beta }) => beta !== 0);
  return points.reduce<Coefficients>(
    (least, { alpha, beta }) => (Math.abs(beta) < Math.abs(least.beta) ? { alpha, beta } : least),
    points[0] ?? otherwise,
  );
}

/** @throws UsageError */
export function scheduleOf(settings: RunSettings, method: Method, coefficients: Coefficients): CoefficientSchedule {
  const given = settings.alpha !== undefined || settings.beta !== undefined;
  return coefficientSchedule(settings, method.name, coefficients, given);
}

/** The settings as they are, without a budget. */
function unplanned<S extends RunSettings>(settings: S, { training }: Network): PlannedRun<S> {
  const method = methodOf(settings, 'exact');
  const coefficients = coefficientsOf(settings, method, training?.coefficients);
  const schedule = scheduleOf(settings, method, coefficients);
  return { settings, method, coefficients, schedule, leaner: [] };
}

/** Whether nobody has chosen the coefficients: neither options nor whoever trained the model before. */
function walks({ alpha, beta, schedule }: RunSettings, { training }: Network): boolean {
  return [alpha, beta, schedule, training?.coefficients].every((choice) => choice === undefined);
}

/** Where a run's plan is made. */
export interface Planning {
  readonly backend: Backend;
  readonly output: Output;
  readonly stop: AbortSignal;
  /** What {@link PlannedRun.measured} was when the run began that goes on. */
  readonly before?: string | undefined;
}

/**
 * @throws UsageError, BudgetError, BudgetTooSmallError; the signal's reason once it is aborted
 */
export async function plannedRun<S extends RunSettings>(
  settings: S,
  network: Network,
  planning: Planning,
): Promise<PlannedRun<S>> {
  const plain = unplanned(settings, network);
  const { budget } = settings;
  if (budget === undefined) return plain;
  const { backend } = planning;
  const bytes = asGiven(`--budget ${budget}`, () => budgetBytes(budget, backend.name, () => backend.limits));
  const footprint = network.footprint();
  return 'try' in footprint
    ? measuredRun(plain, footprint, bytes, planning)
    : predictedRun(plain, footprint, network, bytes, planning);
}

/** What every plan of the run starts from. */
function asked<S extends RunSettings>({ settings, method, schedule }: PlannedRun<S>) {
  const { batch } = settings;
  return {
    ...{ batch, split: true },
    coefficients: leastBeta(schedule, { alpha: 63 / 64, beta: 1 / 64 }),
    ...(settings.method ? { method } : {}),
  };
}

function predictedRun<S extends RunSettings>(
  plain: PlannedRun<S>,
  model: MemoryModel,
  network: Network,
  bytes: number,
  { backend: { name }, output }: Planning,
): PlannedRun<S> {
  const { settings } = plain;
  const backend = plannedBackends.find((known) => known === name);
  if (!backend)
    throw new UsageError(`--budget: memory cannot be predicted on ${name}, only on ${plannedBackends.join(', ')}.`);
  const { accumulate, update, chunks, read = 'last', momentum } = settings;
  const optimizer: PlannedOptimizer = settings.optimizer === 'sgd' && momentum === 0 ? 'plain-sgd' : settings.optimizer;
  const plan = planFor(
    model,
    {
      ...asked(plain),
      ...{ backend, read, walk: walks(settings, network) },
      training: {
        ...{ optimizer, accumulate, update, chunks },
        ...{ clip: settings.clip !== undefined, ema: settings.ema !== undefined },
        decay: (settings.weightDecay ?? (optimizer === 'adamw' ? 1 : 0)) > 0,
      },
    },
    bytes,
  );
  output.note(`memory budget: ${planInWords(plan, { bytes, words: model.words, how: 'predicted' })}`);
  const { method, coefficients, ...choice } = plan.chosen.choice;
  const further = coefficients && { coefficients, schedule: constant(coefficients.alpha, coefficients.beta) };
  return { ...plain, ...further, settings: { ...settings, ...choice }, method, leaner: leanerMethods(plan) };
}

/** Seconds differ from one measurement to the next, so a run that goes on keeps what was chosen when it began. */
async function measuredRun<S extends RunSettings>(
  plain: PlannedRun<S>,
  trials: Trials,
  bytes: number,
  { backend, output, stop, before }: Planning,
): Promise<PlannedRun<S>> {
  const { settings } = plain;
  const { accumulate, update, chunks, clip, ema, seed } = settings;
  const kept = before === undefined ? undefined : rememberedChoice(before, settings);
  if (kept) {
    const { method, ...choice } = kept;
    output.note(`memory budget: ${choiceTitle(kept)}, as it was measured when the run began`);
    return { ...plain, settings: { ...settings, ...choice }, method, measured: before as string };
  }
  output.note('memory budget: measuring what a step takes, by trials that change nothing');
  const steps = measuredPlan(
    trials,
    {
      ...asked(plain),
      ...{ seed, backend, signal: stop, optimizer: await optimizerOf(settings, settings.lr) },
      training: { accumulate, update, chunks, clip: clip !== undefined },
      clip: (update) => clipOf({ ...settings, update }),
      ...(ema !== undefined && { ema }),
    },
    bytes,
  );
  const plan = await told(steps, (text) => output.note(text));
  output.note(`memory budget: ${planInWords(plan, { bytes, words: trials.words, how: 'measured' })}`);
  const { method, ...choice } = plan.chosen.choice;
  const measured = remember(settings, plan.chosen.choice);
  return { ...plain, settings: { ...settings, ...choice }, method, leaner: leanerMethods(plan), measured };
}

async function told<T>(steps: AsyncGenerator<string, T>, tell: (text: string) => void): Promise<T> {
  for (;;) {
    const next = await steps.next();
    if (next.done) return next.value;
    tell(next.value);
  }
}
