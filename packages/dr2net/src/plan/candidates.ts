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
  /** Parts in which MLPs work. */
  readonly chunks: number;
}

/** Where the number is left to the plan; more parts than these save next to nothing. */
const chunkCounts = [1, 4];

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
}

function methodsFor({ coefficients, method }: CandidateOptions, subBlocks: number): Method[] {
  if (method) return [method];
  // `reversible` places as many anchors as its tolerance needs.
  const inverting: Method[] = coefficients.beta === 0 ? [] : [{ name: 'exact' }, { name: 'reversible' }];
  const everies: number[] = [];
  for (let every = 1; every * every <= 2 * subBlocks; every++) everies.push(every);
  return [
    { name: 'conventional' },
    ...inverting,
    ...everies.map((every) => ({ name: 'checkpoint', ...(every > 1 ? { every } : {}) }) as const),
  ];
}

export function methodTitle(method: Method): string {
  if (method.name === 'checkpoint' && (method.every ?? 1) > 1) return `checkpoint every ${method.every}`;
  if (method.name === 'reversible' && method.anchors !== undefined && method.anchors !== 'auto' && method.anchors !== 0)
    return `reversible with anchors ${method.anchors}`;
  return method.name;
}

export function choiceTitle({ method, accumulate, update, chunks }: Choice): string {
  return [
    methodTitle(method),
    ...(accumulate > 1 ? [`${accumulate} parts a step`] : []),
    ...(update === 'sink' ? ['gradients in the sink'] : []),
    ...(chunks > 1 ? [`MLPs in ${chunks} parts`] : []),
  ].join(', ');
}

export function candidate(model: MemoryModel, options: CandidateOptions, choice: Choice): Candidate<Choice> {
  const { coefficients, backend, read, training } = options;
  const { method, batch, accumulate, update, chunks } = choice;
  const setting: MemorySetting = {
    ...methodSetting(method, coefficients, model.subBlocks),
    ...{ backend, read, batch },
    training: { ...training, accumulate, update, chunks },
  };
  return { choice, title: choiceTitle(choice), setting };
}

export function candidates(model: MemoryModel, options: CandidateOptions): Candidate<Choice>[] {
  const { batch, training } = options;
  const parts = Array.from({ length: batch }, (_, i) => i + 1).filter((count) => batch % count === 0);
  const choices = methodsFor(options, model.subBlocks).flatMap((method) =>
    (options.split ? parts : [1]).flatMap((count) => {
      const accumulate = training.accumulate * count;
      const base = { method, batch: batch / count, accumulate };
      // Clipping by the global norm, and sums over batches, need all gradients at once.
      const sink = accumulate === 1 && !training.clip;
      const updates =
        training.update === 'sink'
          ? (['sink'] as const)
          : sink
            ? (['collect', 'sink'] as const)
            : (['collect'] as const);
      const counts = training.chunks > 1 ? [training.chunks] : chunkCounts;
      return updates.flatMap((update) => counts.map((chunks): Choice => ({ ...base, update, chunks })));
    }),
  );
  return choices.map((choice) => candidate(model, options, choice));
}
