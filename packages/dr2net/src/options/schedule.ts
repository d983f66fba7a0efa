/** The options of the two schedules: α and β over training, and the learning rate. Both read `name[:option=value,…]`. */
import type { Coefficients, MethodName } from '@dr2net/core';
import {
  type CoefficientSchedule,
  coefficientScheduleFromJSON,
  coefficientScheduleNames,
  type LearningRateSchedule,
  learningRateFromJSON,
  learningRateNames,
  type ScheduleJSON,
} from '@dr2net/schedulers';
import type { Command } from 'commander';
import { UsageError } from '../errors.ts';
import { asGiven, number } from './values.ts';

export interface ScheduleOptions {
  readonly schedule?: string;
  readonly lr: number;
  readonly lrSchedule: string;
  readonly warmup: string;
}

export function addScheduleOptions(command: Command): Command {
  return command
    .optionsGroup('Schedules:')
    .option(
      '--schedule <name[:option=value,…]>',
      `α and β over training: ${coefficientScheduleNames.join(', ')}; e.g. dynamic:end=60%,ratio=0.6,sum=1 (default: constant; reversible: dynamic)`,
    )
    .option('--lr <rate>', 'learning rate of the top layer', number({ min: 0, open: true }), 2e-4)
    .option(
      '--lr-schedule <name[:option=value,…]>',
      `${learningRateNames.join(', ')}; e.g. cosine:low=1e-6 or step:at=60%+80%`,
      'cosine',
    )
    .option('--warmup <length>', "linear warm-up of the learning rate: steps, '10%' or '2 epochs'", '10%');
}

/** `dynamic:end=60%,ratio=0.6` as the JSON that schedules are made of. Numbers become numbers; `a+b` becomes a list. */
export function parseSchedule(flag: string, text: string): ScheduleJSON {
  const [name = '', ...rest] = text.split(':');
  const options = rest
    .join(':')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const at = part.indexOf('=');
      if (at < 1) throw new UsageError(`${flag} ${text}: "${part}" is not option=value.`);
      return [part.slice(0, at).trim(), parseValue(part.slice(at + 1).trim())] as const;
    });
  return { ...Object.fromEntries(options), name: name.trim() };
}

type Value = string | number | readonly (string | number)[];

function parseValue(text: string): Value {
  // 1e+3 is a number; 60%+80% a list.
  if (text !== '' && Number.isFinite(Number(text))) return Number(text);
  return text.includes('+') ? text.split('+').map((part) => parseValue(part.trim()) as string | number) : text;
}

/**
 * @param coefficients for a constant schedule
 * @param given whether α or β were given, which belong to a constant schedule alone
 * @throws UsageError
 */
export function coefficientSchedule(
  { schedule }: ScheduleOptions,
  method: MethodName,
  coefficients: Coefficients,
  given: boolean,
): CoefficientSchedule {
  const json = parseSchedule('--schedule', schedule ?? (method === 'reversible' && !given ? 'dynamic' : 'constant'));
  const setsThem = json.name !== 'constant' || 'alpha' in json || 'beta' in json;
  if (given && setsThem)
    throw new UsageError(
      `--alpha and --beta are for a constant schedule; ${schedule} sets them itself. Leave them out, or give --schedule constant.`,
    );
  const made = () => coefficientScheduleFromJSON(json.name === 'constant' ? { ...coefficients, ...json } : json);
  return schedule === undefined ? made() : asGiven(`--schedule ${schedule}`, made);
}

/** @throws UsageError */
export function learningRateSchedule({ lr, lrSchedule, warmup }: ScheduleOptions): LearningRateSchedule {
  const json = parseSchedule('--lr-schedule', lrSchedule);
  for (const [option, flag] of [
    ['rate', '--lr'],
    ['warmup', '--warmup'],
  ] as const)
    if (option in json)
      throw new UsageError(`--lr-schedule ${lrSchedule}: ${option} is set by ${flag}; leave it out and give ${flag}.`);
  // One place to drop at is a list of one.
  const places = json.at === undefined || Array.isArray(json.at) ? {} : { at: [json.at] };
  const own = { rate: lr, ...json, ...places };
  asGiven(`--lr-schedule ${lrSchedule}`, () => learningRateFromJSON(own));
  return asGiven(`--warmup ${warmup}`, () => learningRateFromJSON({ ...own, warmup: parseValue(warmup) }));
}
