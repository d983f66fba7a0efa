/** The settings that a plan may choose from, the plainest first. */
import type { Coefficients, Method } from '@dr2net/core';
import type { Candidate, DryTraining, MemoryModel, MemorySetting, PlannedBackend } from '@dr2net/memory';
import { methodSetting } from '@dr2net/models';

/** What may be chosen. */
export interface Choice {
  readonly method: Method;
  readonly batch: number;
  readonly accumulate: number;
  readonly update: 'collect' | 'sink';
  /** Parts in which sub-blocks work. */
  readonly chunks: number;
  /** Where the plan goes further from the pretrained network than was asked; absent: as asked. */
  readonly coefficients?: Coefficients;
}

/** Where the number is left to the plan; more parts than these save next to nothing. */
const chunkCounts = [1, 4, 8];

export interface CandidateOptions {
  readonly coefficients: Coefficients;
  /** Only this method, if one is given. */
  readonly method?: Method;
  readonly backend: PlannedBackend;
  readonly read: 'last' | 'mean';
  readonly batch: number;
  readonly training: DryTraining;
  /** Whether a batch may be taken in parts whose gradients are summed. */
  readonly split: boolean;
  /**
   * Whether `exact` may go along the frontier of memory against departure from the pretrained network: a larger β needs fewer bits, and is
   * another network. Only where nobody chose the coefficients.
   */
  readonly walk: boolean;
}

/** Where on the frontier, from the pretrained network on: 4, 2 and 1 bits an element and sub-block instead of 6. */
const walked: readonly Coefficients[] = [1 / 16, 1 / 4, 1 / 2].map((beta) => ({ alpha: 1 - beta, beta }));

type Way = Pick<Choice, 'method' | 'coefficients'>;

function waysFor({ coefficients, method, walk }: CandidateOptions, subBlocks: number): Way[] {
  const further: Way[] = walk
    ? walked.map((coefficients) => ({ method: method?.name === 'exact' ? method : { name: 'exact' }, coefficients }))
    : [];
  if (method) return method.name === 'exact' ? [{ method }, ...further] : [{ method }];
  // `reversible` places as many anchors as its tolerance needs.
  const inverting: Method[] = coefficients.beta === 0 ? [] : [{ name: 'exact' }, { name: 'reversible' }];
  const everies: number[] = [];
  for (let every = 1; every * every <= 2 * subBlocks; every++) everies.push(every);
  const methods: Method[] = [
    { name: 'conventional' },
    ...inverting,
    ...everies.map((every) => ({ name: 'checkpoint', ...(every > 1 ? { every } : {}) }) as const),
  ];
  return [...methods.map((each) => ({ method: each })), ...further];
}

export function methodTitle(method: Method): string {
  if (method.name === 'checkpoint' && (method.every ?? 1) > 1) return `checkpoint every ${method.every}`;
  if (method.name === 'reversible' && method.anchors !== undefined && method.anchors !== 'auto' && method.anchors !== 0)
    return `reversible with anchors ${method.anchors}`;
  return method.name;
}

export function choiceTitle({ method, accumulate, update, chunks, coefficients }: Choice): string {
  return [
    `${methodTitle(method)}${coefficients ? ` at β = 1/${1 / coefficients.beta}` : ''}`,
    ...(accumulate > 1 ? [`${accumulate} parts a step`] : []),
    ...(update === 'sink' ? ['gradients in the sink'] : []),
    ...(chunks > 1 ? [`${chunks} parts a sub-block`] : []),
  ].join(', ');
}

export function candidate(model: MemoryModel, options: CandidateOptions, choice: Choice): Candidate<Choice> {
  const { backend, read, training } = options;
  const coefficients = choice.coefficients ?? options.coefficients;
  const { method, batch, accumulate, update, chunks } = choice;
  const setting: MemorySetting = {
    ...methodSetting(method, coefficients, model.subBlocks),
    ...{ backend, read, batch },
    training: { ...training, accumulate, update, chunks },
  };
  return { choice, title: choiceTitle(choice), setting };
}

/** How a step is taken whatever the method. */
export type Shape = Pick<Choice, 'batch' | 'accumulate' | 'update' | 'chunks'>;

export interface ShapeOptions extends Pick<CandidateOptions, 'batch' | 'split'> {
  readonly training: Pick<DryTraining, 'accumulate' | 'update' | 'chunks' | 'clip'>;
}

/** The shapes that a step may have, the plainest first and the leanest, as far as that can be told, last. */
export function shapesFor({ batch, training, split }: ShapeOptions, chunkCounts: readonly number[]): Shape[] {
  const parts = Array.from({ length: batch }, (_, i) => i + 1).filter((count) => batch % count === 0);
  return (split ? parts : [1]).flatMap((count) => {
    const accumulate = training.accumulate * count;
    const base = { batch: batch / count, accumulate };
    // Clipping by the global norm, and sums over batches, need all gradients at once.
    const sink = accumulate === 1 && !training.clip;
    const updates =
      training.update === 'sink' ? (['sink'] as const) : sink ? (['collect', 'sink'] as const) : (['collect'] as const);
    return updates.flatMap((update) => chunkCounts.map((chunks): Shape => ({ ...base, update, chunks })));
  });
}

export function candidates(model: MemoryModel, options: CandidateOptions): Candidate<Choice>[] {
  const { chunks } = options.training;
  const shapes = shapesFor(options, chunks > 1 ? [chunks] : chunkCounts);
  return waysFor(options, model.subBlocks).flatMap((way) =>
    shapes.map((shape) => candidate(model, options, { ...way, ...shape })),
  );
}
