/** The options that say how a network runs: method, α, β and what belongs to a method. */
import type { Coefficients, Method, MethodName } from '@dr2net/core';
import { type Command, Option } from 'commander';
import { UsageError } from '../errors.ts';
import { integer, number, oneOf } from './values.ts';

export const methodNames = [
  'exact',
  'reversible',
  'checkpoint',
  'conventional',
  'frozen',
] as const satisfies readonly MethodName[];

/** The wiring that `exact` trains by default: all but the pretrained one. */
export const nearlyPretrained: Coefficients = { alpha: 63 / 64, beta: 1 / 64 };

export interface MethodOptions {
  readonly method?: MethodName;
  readonly alpha?: number;
  readonly beta?: number;
  readonly anchors?: 'auto' | number | readonly number[];
  readonly tolerance?: number;
  readonly stateEvery?: number;
  readonly verify?: true;
}

export function addMethodOptions(command: Command, defaultMethod: MethodName): Command {
  return command
    .optionsGroup('Method:')
    .addOption(
      new Option(
        '--method <name>',
        `how activations are had: ${methodNames.join(', ')} (default: ${defaultMethod})`,
      ).argParser(oneOf(methodNames)),
    )
    .option('--alpha <number>', 'α, the weight of the pretrained residual; 63/64 may be written so', number())
    .option('--beta <number>', 'β, the weight of the added residual', number())
    .option(
      '--anchors <auto|n|list>',
      'reversible: state pairs to keep: as many as the tolerance needs, a count, or sub-block numbers 4,8,12 (default: auto)',
      anchors,
    )
    .option('--state-every <n>', 'checkpoint: keep the state at every n-th sub-block (default: 1)', integer({ min: 1 }))
    .option(
      '--verify',
      'exact: compare the rebuilt first state with the stored one, bit for bit, in every step (gradcheck always does)',
    );
}

/** `--tolerance` of a training run. `Infinity` is written out, so that nobody turns the check off by a slip. */
export function tolerance(text: string): number {
  return text === 'Infinity' ? Number.POSITIVE_INFINITY : number({ min: 0, open: true })(text);
}

function anchors(text: string): 'auto' | number | number[] {
  if (text === 'auto') return text;
  const whole = integer({ min: 0 });
  return text.includes(',') ? text.split(',').map(whole) : whole(text);
}

/** The options of a method by the flag that sets them. */
const owners = { anchors: 'reversible', tolerance: 'reversible', stateEvery: 'checkpoint', verify: 'exact' } as const;
const flags = {
  anchors: '--anchors',
  tolerance: '--tolerance',
  stateEvery: '--state-every',
  verify: '--verify',
} as const;

/** @throws UsageError for an option that the method does not have */
export function methodOf(options: MethodOptions, defaultMethod: MethodName): Method {
  const name = options.method ?? defaultMethod;
  for (const option of ['anchors', 'tolerance', 'stateEvery', 'verify'] as const)
    if (options[option] !== undefined && owners[option] !== name)
      throw new UsageError(
        `${flags[option]} belongs to --method ${owners[option]}, but the method is ${name}. Leave it out or change the method.`,
      );
  switch (name) {
    case 'reversible':
      return {
        name,
        ...(options.anchors === undefined ? {} : { anchors: options.anchors }),
        ...(options.tolerance === undefined ? {} : { tolerance: options.tolerance }),
      };
    case 'checkpoint':
      return { name, ...(options.stateEvery === undefined ? {} : { every: options.stateEvery }) };
    case 'exact':
      return { name, ...(options.verify ? { verify: true } : {}) };
    default:
      return { name };
  }
}
