/** What the study runs: variants of training at depths and seeds. Pure; the queue in run.ts carries it out. */

/** One way of training. `options` are those of `dr2net finetune`. */
export interface Variant {
  readonly name: string;
  readonly options: (depth: number) => readonly string[];
}

/**
 * Anchors for a schedule that passes (1, 0.1), where the inverse multiplies rounding errors by about ten a sub-block
 * (design of the exact method): a state pair every third of the two sub-blocks a block.
 */
function anchors(depth: number): string[] {
  const at = Array.from({ length: Math.ceil((2 * depth) / 3) - 1 }, (_, index) => 3 * (index + 1));
  // As the published runs had them, whatever they are predicted to cost.
  return ['--anchors', at.join(','), '--tolerance', 'Infinity'];
}

/**
 * In the order in which a report shows them. Both schedules end at (0.4, 0.7) after three fifths of the run: the authors'
 * slope is 1/(end − start), and they stop at 0.6 of the way.
 */
export const variants: readonly Variant[] = [
  { name: 'conventional', options: () => ['--method', 'conventional'] },
  { name: 'exact', options: () => ['--method', 'exact', '--alpha', '63/64', '--beta', '1/64'] },
  {
    name: 'reversible-dynamic',
    options: (depth) => ['--method', 'reversible', '--schedule', 'dynamic', ...anchors(depth)],
  },
  {
    name: 'reversible-authors',
    options: (depth) => ['--method', 'reversible', '--schedule', 'authors:end=100%', ...anchors(depth)],
  },
  { name: 'reversible-plain', options: () => ['--method', 'reversible', '--alpha', '0', '--beta', '1'] },
  { name: 'checkpoint', options: () => ['--method', 'checkpoint'] },
  { name: 'frozen', options: () => ['--method', 'frozen'] },
];

export interface Job {
  readonly variant: string;
  /** Blocks of the backbone that are used. */
  readonly depth: number;
  readonly seed: number;
}

export function jobName({ variant, depth, seed }: Job): string {
  return `${variant}-d${depth}-s${seed}`;
}

/** @throws for a variant that does not exist */
export function variantOf(name: string): Variant {
  const variant = variants.find((candidate) => candidate.name === name);
  if (!variant)
    throw new Error(`No variant "${name}"; there are ${variants.map((candidate) => candidate.name).join(', ')}.`);
  return variant;
}

export interface Plan {
  readonly variants: readonly string[];
  readonly depths: readonly number[];
  readonly seeds: readonly number[];
}

/** All jobs, seed by seed: when the time is up, what is done is a whole comparison with fewer seeds. */
export function jobsOf(plan: Plan): Job[] {
  for (const name of plan.variants) variantOf(name);
  return plan.seeds.flatMap((seed) =>
    plan.depths.flatMap((depth) => plan.variants.map((variant) => ({ variant, depth, seed }))),
  );
}
