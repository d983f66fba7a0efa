/** What is measured together: a table of sizes for the methods, with how long. Both apps read these. */
import type { Case } from './case.ts';
import { inputOfTokens, type NetworkSize } from './size.ts';
import { runsOn, type SubjectName } from './subjects/names.ts';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly subjects: readonly SubjectName[];
  readonly width: number;
  readonly heads: number;
  readonly patch: number;
  /** Every combination of these is measured. */
  readonly depth: readonly number[];
  readonly tokens: readonly number[];
  readonly batch: readonly number[];
  readonly warmup: number;
  readonly repetitions: number;
  readonly budgetSeconds: number;
}

const everyone = ['plain', 'jax', 'conventional', 'checkpoint', 'reversible', 'exact'] as const;
const vitS = { width: 384, heads: 6, patch: 16 } as const;
const thorough = { warmup: 1, repetitions: 7, budgetSeconds: 120 } as const;

export const scenarios: readonly Scenario[] = [
  {
    name: 'vit-s',
    title: 'ViT-S/16 at 224 pixels, batch 4, 12 blocks: the setting of all tables',
    subjects: everyone,
    ...{ ...vitS, ...thorough, depth: [12], tokens: [197], batch: [4] },
  },
  {
    name: 'small',
    title: 'width 128, 65 tokens, 2 blocks, batch 4: what a graphics device emulated by the processor can do',
    subjects: everyone,
    ...{ width: 128, heads: 4, patch: 8, ...thorough, depth: [2], tokens: [65], batch: [4] },
  },
  {
    name: 'depth',
    title: 'memory and time against depth',
    subjects: ['plain', 'conventional', 'checkpoint', 'reversible', 'exact'],
    ...{
      width: 192,
      heads: 3,
      patch: 16,
      ...thorough,
      budgetSeconds: 30,
      depth: [3, 6, 12, 24],
      tokens: [197],
      batch: [2],
    },
  },
  {
    name: 'tokens',
    title: 'clips of 2 to 32 frames, 196 to 3136 tokens',
    subjects: ['plain', 'conventional', 'reversible', 'exact'],
    ...{ width: 192, heads: 3, patch: 16, ...thorough, budgetSeconds: 30 },
    ...{ depth: [2], tokens: [196, 392, 784, 1568, 3136], batch: [1] },
  },
  {
    name: 'batch',
    title: 'batches of 1 to 16',
    subjects: ['plain', 'conventional', 'reversible', 'exact'],
    ...{
      width: 192,
      heads: 3,
      patch: 16,
      ...thorough,
      budgetSeconds: 30,
      depth: [4],
      tokens: [197],
      batch: [1, 2, 4, 8, 16],
    },
  },
  {
    name: 'quick',
    title: 'a tiny network: shows that everything runs; its figures mean little',
    subjects: ['plain', 'jax', 'conventional', 'reversible', 'exact'],
    ...{ width: 48, heads: 3, patch: 8, depth: [2], tokens: [17], batch: [2] },
    ...{ warmup: 1, repetitions: 3, budgetSeconds: 4 },
  },
];

/** What a user asks for instead of the scenario's own. */
export interface Changes {
  readonly subjects?: readonly SubjectName[];
  readonly depth?: readonly number[];
  readonly tokens?: readonly number[];
  readonly batch?: readonly number[];
  readonly chunks?: number;
  readonly repetitions?: number;
  readonly budgetSeconds?: number;
}

function sizesOf({ width, heads, patch, depth, tokens, batch }: Scenario): NetworkSize[] {
  return batch.flatMap((samples) =>
    tokens.flatMap((count) =>
      depth.map((blocks) => ({ width, heads, depth: blocks, ...inputOfTokens(count), patch, batch: samples })),
    ),
  );
}

/**
 * The cases of a scenario, backend by backend, size by size.
 * @throws RangeError for a number of tokens that cannot be had
 */
export function casesOf(scenario: Scenario, backends: readonly string[], changes: Changes = {}): Case[] {
  const { chunks = 1, ...rest } = changes;
  const asked: Scenario = { ...scenario, ...rest };
  const { warmup, repetitions, budgetSeconds } = asked;
  return backends.flatMap((backend) =>
    sizesOf(asked).flatMap((size) =>
      asked.subjects
        .filter((subject) => runsOn(subject, backend))
        .map((subject) => ({ backend, subject, size, chunks, warmup, repetitions, budgetSeconds })),
    ),
  );
}
