import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { integer, list, number, oneOf } from './values.ts';

describe('number', () => {
  it('reads decimals and fractions', () => {
    expect(number()('63/64')).toBe(63 / 64);
    expect(number()('-1e-3')).toBe(-1e-3);
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        // String(−0) is "0".
        expect(number()(String(value)) === value).toBe(true);
      }),
    );
  });

  it.each(['', 'abc', 'NaN', 'Infinity', '1/0', '1/2/3', '1/', '/2', '0.5x'])('refuses %j', (text) => {
    expect(() => number()(text)).toThrow(InvalidArgumentError);
  });

  it('keeps to its range and names it', () => {
    expect(() => number({ min: 0, open: true })('0')).toThrow('more than 0');
    expect(() => number({ min: 0, max: 1 })('1.5')).toThrow('from 0 to 1');
    expect(number({ min: 0, max: 1 })('1')).toBe(1);
  });
});

it('integer refuses fractions and what is out of range', () => {
  expect(integer({ min: 1 })('8')).toBe(8);
  for (const text of ['0', '1.5', '', 'eight', '1e999']) expect(() => integer({ min: 1 })(text)).toThrow('1 or more');
});

it('list refuses empty and repeated entries', () => {
  expect(list('hug, kick')).toEqual(['hug', 'kick']);
  expect(() => list('hug,,kick')).toThrow('empty');
  expect(() => list('hug,kick,hug')).toThrow('"hug" is in the list twice');
});

it('oneOf names the nearest name, or only the known ones', () => {
  const method = oneOf(['conventional', 'exact', 'reversible']);
  expect(method('exact')).toBe('exact');
  expect(() => method('revers')).toThrow('Did you mean "reversible"? Known: conventional, exact, reversible.');
  expect(() => method('zzzzzz')).toThrow(/^Known: /);
});
