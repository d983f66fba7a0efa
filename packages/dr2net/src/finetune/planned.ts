/** `finetune --budget`: the plan's choice in the place of method, batch, accumulation and update. */
import type { Backend } from '@dr2net/backends';
import type { Coefficients, Method } from '@dr2net/core';
import { type PlannedOptimizer, plannedBackends } from '@dr2net/memory';
import { type CoefficientSchedule, constant } from '@dr2net/schedulers';
import { UsageError } from '../errors.ts';
import { coefficientsOf, methodOf } from '../options/method.ts';
import type { RunSettings } from '../options/run.ts';
import { coefficientSchedule } from '../options/schedule.ts';
import type { Output } from '../output.ts';
import { budgetBytes, leanerMethods, planFor, planInWords } from '../plan/budget.ts';
import type { Network } from '../tasks/contract.ts';

export interface PlannedRun<S extends RunSettings> {
  readonly settings: S;
  readonly method: Method;
  /** Those of the method that was asked for: a method that the budget chose trains the same network. */
  readonly coefficients: Coefficients;
  readonly schedule: CoefficientSchedule;
  readonly leaner: readonly Method[];
}

/** The smallest β ≠ 0 on the schedule's way: there `exact` keeps the most. */
function leastBeta(schedule: CoefficientSchedule, otherwise: Coefficients): Coefficients {
  const points = Array.from({ length: 100 }, (_, i) => schedule.at(i, 100, 10)).filter(({ beta }) => beta !== 0);
  return points.reduce<Coefficients>(
    (least, { alpha, beta }) => (Math.abs(beta) < Math.abs(least.beta) ? { alpha, beta } : least),
    points[0] ?? otherwise,
  );
}

/** The settings as they are, without a budget. */
function unplanned<S extends RunSettings>(settings: S, { training }: Network): PlannedRun<S> {
  const method = methodOf(settings, 'exact');
  const coefficients = coefficientsOf(settings, method.name, training?.coefficients);
  const given = settings.alpha !== undefined || settings.beta !== undefined;
  const schedule = coefficientSchedule(settings, method.name, coefficients, given);
  return { settings, method, coefficients, schedule, leaner: [] };
}

/** Whether nobody has chosen the coefficients: neither options nor whoever trained the model before. */
function walks({ alpha, beta, schedule }: RunSettings, { training }: Network): boolean {
  return [alpha, beta, schedule, training?.coefficients].every((choice) => choice === undefined);
}

/**
 * @throws UsageError, BudgetError, BudgetTooSmallError
 */
export function plannedRun<S extends RunSettings>(
  settings: S,
  network: Network,
  backend: Backend,
  output: Output,
): PlannedRun<S> {
  const plain = unplanned(settings, network);
  if (settings.budget === undefined) return plain;
  const planned = plannedBackends.find((name) => name === backend.name);
  if (!planned)
    throw new UsageError(
      `--budget: memory cannot be predicted on ${backend.name}, only on ${plannedBackends.join(', ')}.`,
    );
  const bytes = budgetBytes(settings.budget, backend.name, () => backend.limits);
  const { batch, accumulate, update, chunks, read = 'last', momentum } = settings;
  const optimizer: PlannedOptimizer = settings.optimizer === 'sgd' && momentum === 0 ? 'plain-sgd' : settings.optimizer;
  const model = network.footprint();
  const plan = planFor(
    model,
    {
      ...{ backend: planned, read, batch, split: true, walk: walks(settings, network) },
      coefficients: leastBeta(plain.schedule, { alpha: 63 / 64, beta: 1 / 64 }),
      ...(settings.method ? { method: plain.method } : {}),
      training: {
        ...{
          optimizer,
          accumulate,
          update,
          chunks,
          clip: settings.clip !== undefined,
          ema: settings.ema !== undefined,
        },
        decay: (settings.weightDecay ?? (optimizer === 'adamw' ? 1 : 0)) > 0,
      },
    },
    bytes,
  );
  output.note(`memory budget: ${planInWords(model, plan, bytes)}`);
  const { method, coefficients, ...choice } = plan.chosen.choice;
  const further = coefficients && { coefficients, schedule: constant(coefficients.alpha, coefficients.beta) };
  return { ...plain, ...further, settings: { ...settings, ...choice }, method, leaner: leanerMethods(plan) };
}
