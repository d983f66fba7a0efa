/** One measurement that is to be made, in a process or a worker of its own. */
import { isVit, type NetworkSize, sizeName, sizeTitle } from './size.ts';
import type { SubjectName } from './subjects/names.ts';

export interface Case {
  readonly backend: string;
  readonly subject: SubjectName;
  readonly size: NetworkSize;
  /** Parts in which sub-blocks work. */
  readonly chunks: number;
  /** Steps before the first timed one, 1 or more; one more is made under the memory meter. */
  readonly warmup: number;
  /** Timed steps. */
  readonly repetitions: number;
  /** Seconds after which no further step is timed, but for the first {@link leastRepetitions}. */
  readonly budgetSeconds: number;
}

/** Fewer say nothing about spread. */
export const leastRepetitions = 3;

/** What the case is, without how long it is measured: the name of its file. */
export function caseName({ backend, subject, size, chunks }: Case): string {
  const clip = isVit(size) && size.frames > 1 ? `-f${size.frames}` : '';
  return `bench-${backend}-${sizeName(size)}${clip}-${subject}${chunks > 1 ? `-chunks${chunks}` : ''}`;
}

export function caseTitle({ backend, subject, size, chunks }: Case): string {
  return `${subject} on ${backend}: ${sizeTitle(size)}${chunks > 1 ? `, ${chunks} parts a sub-block` : ''}`;
}
