/** Option values from text: numbers in a range, fractions, names of a list; each error names the value and the remedy. */

import { nearestName } from '@dr2net/models';
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../errors.ts';

/**
 * Names the option, as it was given, in what a package refuses of it: `--beta 9: β is 9; …`.
 * @throws UsageError
 */
export function asGiven<T>(typed: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    if (!(cause instanceof Error) || cause instanceof UsageError) throw cause;
    // `exactGrid: ` and `cosine: ` are the names that the packages have.
    const reason = cause.message.replace(/^[\w-]+: /, '').replace(/\.?$/, '.');
    throw new UsageError(`${typed}: ${reason}`, { cause });
  }
}

export interface Range {
  readonly min?: number;
  readonly max?: number;
  /** The bounds themselves are not allowed. */
  readonly open?: boolean;
}

function describeRange({ min, max, open }: Range): string {
  if (min !== undefined && max !== undefined)
    return open ? `more than ${min} and less than ${max}` : `from ${min} to ${max}`;
  if (min !== undefined) return open ? `more than ${min}` : `${min} or more`;
  if (max !== undefined) return open ? `less than ${max}` : `${max} or less`;
  return 'finite';
}

function inRange(value: number, { min = -Infinity, max = Infinity, open }: Range): boolean {
  if (!Number.isFinite(value)) return false;
  return open ? value > min && value < max : value >= min && value <= max;
}

/** A decimal number or a fraction, `0.984375` or `63/64`. */
export function number(range: Range = {}): (text: string) => number {
  return (text) => {
    const [numerator, denominator, ...rest] = text
      .split('/')
      .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    const value = denominator === undefined ? numerator! : rest.length > 0 ? Number.NaN : numerator! / denominator;
    if (!inRange(value, range))
      throw new InvalidArgumentError(`Give a number that is ${describeRange(range)}, such as 0.5 or 1/64.`);
    return value;
  };
}

export function integer(range: Range = {}): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isInteger(value) || !inRange(value, range))
      throw new InvalidArgumentError(`Give a whole number, ${describeRange(range)}.`);
    return value;
  };
}

/** A comma-separated list without empty entries or repetitions. */
export function list(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => name === '')) throw new InvalidArgumentError('An entry of the list is empty; write a,b,c.');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new InvalidArgumentError(`"${twice}" is in the list twice.`);
  return names;
}

/** One of some names; the error names the nearest. */
export function oneOf<Name extends string>(names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const known = names.find((name) => name === text);
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`${nearest(text, names)}Known: ${names.join(', ')}.`);
  };
}

/** `Did you mean "exact"? `, or nothing when no name is near. */
export function nearest(text: string, names: readonly string[]): string {
  const near = nearestName(text, names);
  return near === undefined ? '' : `Did you mean "${near}"? `;
}
