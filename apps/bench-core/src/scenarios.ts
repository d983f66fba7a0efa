/** What is measured together: a table of sizes for the methods, with how long. Both apps read these. */
import type { Case } from './case.ts';
import { checkPoints, type PointPart } from './point-size.ts';
import { inputOfTokens, type NetworkSize } from './size.ts';
import { runsOn, type SubjectName, subjectNames } from './subjects/names.ts';
import { checkSwin, type SwinSize } from './swin-size.ts';
import type { YolosSize } from './yolos-size.ts';

interface Common {
  readonly name: string;
  readonly title: string;
  readonly subjects: readonly SubjectName[];
  readonly width: number;
  readonly heads: number;
  /** Every combination of the lists is measured. */
  readonly batch: readonly number[];
  readonly warmup: number;
  readonly repetitions: number;
  readonly budgetSeconds: number;
}

/** Of images or clips. */
interface VitScenario extends Common {
  readonly depth: readonly number[];
  readonly patch: number;
  readonly tokens: readonly number[];
}

/** Of point clouds. */
interface PointScenario extends Common {
  readonly depth: readonly number[];
  readonly part: PointPart;
  readonly points: readonly number[];
}

/** Of a detector. */
interface YolosScenario extends Common, Pick<YolosSize, 'grid' | 'detections'> {
  readonly depth: readonly number[];
}

/** Of a backbone with several maps. */
interface SwinScenario extends Common, Pick<SwinSize, 'depths' | 'window'> {
  readonly pixels: readonly number[];
}

export type Scenario = VitScenario | PointScenario | YolosScenario | SwinScenario;

const everyone = ['plain', 'jax', 'conventional', 'checkpoint', 'reversible', 'exact'] as const;
const vitS = { width: 384, heads: 6, patch: 16 } as const;
const thorough = { warmup: 1, repetitions: 7, budgetSeconds: 120 } as const;

const withoutJax = ['plain', 'conventional', 'checkpoint', 'reversible', 'exact'] as const;

const clouds = {
  subjects: withoutJax,
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
    name: 'yolos',
    title: 'YOLOS: two pictures of 480 × 544, 1120 tokens, width 384, 12 blocks, set loss on the host',
    subjects: withoutJax,
    ...{ width: 384, heads: 6, depth: [12], batch: [2], grid: [30, 34], detections: 99 },
    ...{ warmup: 1, repetitions: 3, budgetSeconds: 120 },
  },
  {
    name: 'swin',
    title: 'Swin-T at 448 pixels, a picture: the backbone alone, features of its last three stages',
    subjects: withoutJax,
    ...{ width: 96, heads: 3, depths: [2, 2, 6, 2], window: 7, pixels: [448], batch: [1] },
    ...{ warmup: 1, repetitions: 3, budgetSeconds: 120 },
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
  /** Of a Swin's square pictures. */
  readonly pixels?: readonly number[];
  readonly batch?: readonly number[];
  readonly chunks?: number;
  readonly repetitions?: number;
  readonly budgetSeconds?: number;
}

/** Methods and peers that a scenario can have: of jax-js there are ViTs alone. */
export function subjectsOf(scenario: Scenario): readonly SubjectName[] {
  return 'tokens' in scenario ? subjectNames : subjectNames.filter((name) => name !== 'jax');
}

/** What a size may be chosen by, where the scenario has a list of it. */
const choices = ['depth', 'tokens', 'points', 'pixels'] as const;

/** What was asked for that the scenario has no use for is an error, not ignored. */
function requireUse(scenario: Scenario, changes: Changes): void {
  const { name } = scenario;
  const own = [...choices.filter((choice) => choice in scenario), 'batch'];
  const useless = choices.find((choice) => changes[choice] && !(choice in scenario));
  if (useless !== undefined)
    throw new RangeError(
      `The scenario ${name} has no choice of ${useless}; it has one of ${own.join(', ')}. Choose by these, or another scenario.`,
    );
  const known = subjectsOf(scenario);
  const missing = changes.subjects?.find((subject) => !known.includes(subject));
  if (missing !== undefined)
    throw new RangeError(`The scenario ${name} has no method ${missing}; there are: ${known.join(', ')}.`);
}

/** Of one batch size; without the batch. */
function inputsOf(scenario: Scenario): DistributiveOmit<NetworkSize, 'batch'>[] {
  const { width, heads } = scenario;
  if ('pixels' in scenario) {
    const { depths, window } = scenario;
    return scenario.pixels.map((pixels) => {
      checkSwin({ pixels, window, depths });
      return { width, heads, depths, window, pixels };
    });
  }
  const deep = <Input>(input: Input) => scenario.depth.map((depth) => ({ width, heads, depth, ...input }));
  if ('detections' in scenario) return deep({ grid: scenario.grid, detections: scenario.detections });
  if ('tokens' in scenario)
    return scenario.tokens.flatMap((count) => deep({ ...inputOfTokens(count), patch: scenario.patch }));
  return scenario.points.flatMap((points) => {
    checkPoints(points);
    return deep({ points, part: scenario.part });
  });
}

type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

function sizesOf(scenario: Scenario): NetworkSize[] {
  return scenario.batch.flatMap((batch) => inputsOf(scenario).map((input) => ({ ...input, batch })));
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
