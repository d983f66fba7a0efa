/** What is measured together: a table of sizes for the methods, with how long. Both apps read these. */
import type { Case } from './case.ts';
import { checkPoints, type PointPart } from './point-size.ts';
import { inputOfTokens, type NetworkSize } from './size.ts';
import { runsOn, type SubjectName, subjectNames } from './subjects/names.ts';

interface Common {
  readonly name: string;
  readonly title: string;
  readonly subjects: readonly SubjectName[];
  readonly width: number;
  readonly heads: number;
  /** Every combination of depth, batch, and tokens or points is measured. */
  readonly depth: readonly number[];
  readonly batch: readonly number[];
  readonly warmup: number;
  readonly repetitions: number;
  readonly budgetSeconds: number;
}

/** Of images or clips. */
interface VitScenario extends Common {
  readonly patch: number;
  readonly tokens: readonly number[];
}

/** Of point clouds. */
interface PointScenario extends Common {
  readonly part: PointPart;
  readonly points: readonly number[];
}

export type Scenario = VitScenario | PointScenario;

const everyone = ['plain', 'jax', 'conventional', 'checkpoint', 'reversible', 'exact'] as const;
const vitS = { width: 384, heads: 6, patch: 16 } as const;
const thorough = { warmup: 1, repetitions: 7, budgetSeconds: 120 } as const;

const clouds = {
  subjects: ['plain', 'conventional', 'checkpoint', 'reversible', 'exact'],
  ...{ width: 384, heads: 6, depth: [12], points: [16384], batch: [2] },
  // A step takes the better part of a minute.
  ...{ warmup: 1, repetitions: 3, budgetSeconds: 120 },
} as const;

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
    name: 'points',
    title: 'PointViT segmentation: two clouds of 16,384 points, 1024 tokens, width 384, 12 blocks',
    part: 'whole',
    ...clouds,
  },
  {
    name: 'points-backbone',
    title: 'the same blocks alone, with the positions added before each: the part that is reversible',
    part: 'backbone',
    ...clouds,
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
  /** Of images and clips. */
  readonly tokens?: readonly number[];
  /** Of point clouds. */
  readonly points?: readonly number[];
  readonly batch?: readonly number[];
  readonly chunks?: number;
  readonly repetitions?: number;
  readonly budgetSeconds?: number;
}

/** Methods and peers that a scenario can have: of jax-js there is no point segmenter. */
export function subjectsOf(scenario: Scenario): readonly SubjectName[] {
  return 'points' in scenario ? subjectNames.filter((name) => name !== 'jax') : subjectNames;
}

/** What was asked for that the scenario has no use for is an error, not ignored. */
function requireUse(scenario: Scenario, { tokens, points, subjects = [] }: Changes): void {
  const { name } = scenario;
  if (tokens && 'points' in scenario)
    throw new RangeError(
      `The scenario ${name} has no choice of tokens: a sixteenth of the points; give points instead.`,
    );
  if (points && 'tokens' in scenario)
    throw new RangeError(`The scenario ${name} has no points; give tokens instead, or another scenario.`);
  const known = subjectsOf(scenario);
  const missing = subjects.find((subject) => !known.includes(subject));
  if (missing !== undefined)
    throw new RangeError(`The scenario ${name} has no method ${missing}; there are: ${known.join(', ')}.`);
}

function sizesOf(scenario: Scenario): NetworkSize[] {
  const { width, heads, depth, batch } = scenario;
  const inputs =
    'points' in scenario
      ? scenario.points.map((count) => {
          checkPoints(count);
          return { points: count, part: scenario.part };
        })
      : scenario.tokens.map((count) => ({ ...inputOfTokens(count), patch: scenario.patch }));
  return batch.flatMap((samples) =>
    inputs.flatMap((input) => depth.map((blocks) => ({ width, heads, depth: blocks, ...input, batch: samples }))),
  );
}

/**
 * The cases of a scenario, backend by backend, size by size.
 * @throws RangeError for a number of tokens or points that cannot be had, and for a change that the scenario has no use for
 */
export function casesOf(scenario: Scenario, backends: readonly string[], changes: Changes = {}): Case[] {
  requireUse(scenario, changes);
  const { chunks = 1, ...rest } = changes;
  const asked: Scenario = { ...scenario, ...rest };
  const { warmup, repetitions, budgetSeconds, subjects } = asked;
  return backends.flatMap((backend) =>
    sizesOf(asked).flatMap((size) =>
      subjects
        .filter((subject) => runsOn(subject, backend))
        .map((subject) => ({ backend, subject, size, chunks, warmup, repetitions, budgetSeconds })),
    ),
  );
}
