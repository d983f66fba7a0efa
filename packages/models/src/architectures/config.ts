/** Reads fields of a `config.json`, and says what is wrong with them. */
import { ConfigError } from '../errors.ts';

export class ConfigReader {
  /**
   * @param json the parsed file
   * @param where for messages: the file, or the part of it
   */
  constructor(
    readonly json: Readonly<Record<string, unknown>>,
    readonly where = 'config.json',
  ) {}

  has(field: string): boolean {
    return this.json[field] !== undefined && this.json[field] !== null;
  }

  private read<T>(field: string, fallback: T | undefined, expected: string, is: (value: unknown) => value is T): T {
    const value = this.json[field];
    if (value === undefined || value === null) {
      if (fallback !== undefined) return fallback;
      throw new ConfigError(`${this.where} has no ${field}; ${expected} is needed.`);
    }
    if (!is(value))
      throw new ConfigError(`${this.where}: ${field} is ${JSON.stringify(value)}; it must be ${expected}.`);
    return value;
  }

  /** A whole number ≥ 1. */
  count(field: string, fallback?: number): number {
    const is = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;
    return this.read(field, fallback, 'a whole number of at least 1', is);
  }

  number(field: string, fallback?: number): number {
    return this.read(field, fallback, 'a finite number', (value): value is number => Number.isFinite(value));
  }

  flag(field: string, fallback: boolean): boolean {
    return this.read(field, fallback, 'true or false', (value): value is boolean => typeof value === 'boolean');
  }

  text(field: string, fallback?: string): string {
    return this.read(field, fallback, 'a text', (value): value is string => typeof value === 'string');
  }

  /** A list of numbers. */
  numbers(field: string, fallback?: readonly number[]): readonly number[] {
    const is = (value: unknown): value is readonly number[] =>
      Array.isArray(value) && value.length > 0 && value.every((item) => Number.isFinite(item));
    return this.read(field, fallback, 'a list of numbers', is);
  }

  /** An object; an empty one when it is absent. */
  part(field: string): ConfigReader {
    const is = (value: unknown): value is Record<string, unknown> =>
      typeof value === 'object' && value !== null && !Array.isArray(value);
    return new ConfigReader(this.read(field, {}, 'an object', is), `${this.where}: ${field}`);
  }

  /** Refuses a value that the implementation does not cover. */
  require(field: string, supported: unknown, why: string): void {
    const value = this.json[field];
    if (value !== undefined && value !== null && value !== supported)
      throw new ConfigError(`${this.where}: ${field} is ${JSON.stringify(value)}; ${why}.`);
  }
}
