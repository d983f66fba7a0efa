/** Options that several commands share. */
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { repositoryRoot } from 'jobs';

export const count =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`);
    return value;
  };

export const counts = (text: string): number[] => text.split(',').map(count(1));

/** A list of known names; the message of an unknown one is the argument's. */
export const names =
  <Name extends string>(look: (given: string) => Name) =>
  (text: string): Name[] =>
    text.split(',').map((part) => {
      try {
        return look(part.trim());
      } catch (error) {
        throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
      }
    });

/** Where results go by default: `results/<date>-<what>`. */
export function resultFolder(what: string): string {
  return join(repositoryRoot, 'results', `${new Date().toISOString().slice(0, 10)}-${what}`);
}
