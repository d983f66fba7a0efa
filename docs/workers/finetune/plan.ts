/** What training would take, by every method, before it is begun: predicted, not tried. */
import type { Backend } from '@dr2net/backends';
import type { Coefficients, Method } from '@dr2net/core';
import { type DryTraining, formatBytes, type PlannedBackend, plannedBackends, predictMemory } from '@dr2net/memory';
import { memoryModelOf, methodSetting } from '@dr2net/models';
import { dynamic } from '@dr2net/schedulers';
import type { Loaded } from './model.ts';
import { type MethodName, methodNames, type Plan, type PlanRow, type Settings } from './protocol.ts';

/** Where `reversible` ends, and where `exact` is from beginning to end; the others train the network as it was published. */
const coefficients: Readonly<Record<MethodName, Coefficients>> = {
  exact: { alpha: 63 / 64, beta: 1 / 64 },
  reversible: { alpha: 0.4, beta: 0.7 },
  checkpoint: { alpha: 1, beta: 0 },
  conventional: { alpha: 1, beta: 0 },
  frozen: { alpha: 1, beta: 0 },
};

export const coefficientsOf = (method: MethodName): Coefficients => coefficients[method];

/** Where the memory of a run is looked at: `reversible` keeps the most where its schedule begins. */
const placesOf = (method: MethodName): readonly Coefficients[] =>
  method === 'reversible' ? [dynamic().at(0, 1000), coefficientsOf(method)] : [coefficientsOf(method)];

export const methodOf = (name: MethodName): Method => ({ name });

const training: DryTraining = {
  optimizer: 'adamw',
  update: 'collect',
  ...{ decay: true, accumulate: 1, chunks: 1, clip: false, ema: false },
};

export function planOf({ backbone, recognizer }: Loaded, { batch, method }: Settings, backend: Backend): Plan {
  const { head } = recognizer;
  const model = memoryModelOf(backbone, { classes: head.classes, pooling: head.form.pooling });
  const planned = plannedBackends.find((name) => name === backend.name) as PlannedBackend;
  const rows = methodNames.map((name): PlanRow => {
    const predicted = placesOf(name).map((place) => {
      const setting = methodSetting(methodOf(name), place, model.subBlocks);
      return predictMemory(model, { ...setting, read: 'last', batch, training, backend: planned });
    });
    return {
      method: name,
      peakBytes: Math.max(...predicted.flatMap(({ peakBytes, deviceBytes }) => [peakBytes, deviceBytes])),
      activationBytes: Math.max(...predicted.map(({ activationPeakBytes }) => activationPeakBytes)),
    };
  });
  const limitBytes = backend.limits.memory;
  const refusal = limitBytes === undefined ? undefined : refusalOf(rows, method, limitBytes, batch);
  return { rows, ...(limitBytes !== undefined && { limitBytes }), ...(refusal !== undefined && { refusal }) };
}

function refusalOf(rows: readonly PlanRow[], method: MethodName, limit: number, batch: number): string | undefined {
  const chosen = rows.find((row) => row.method === method);
  if (!chosen || chosen.peakBytes <= limit) return undefined;
  const fitting = rows.find((row) => row.method !== 'frozen' && row.peakBytes <= limit);
  const remedy = fitting
    ? `${fitting.method} needs ${formatBytes(fitting.peakBytes)} and fits.`
    : `Nothing fits: take smaller batches (now ${batch}), fewer frames, a smaller size or fewer blocks.`;
  return `${method} needs ${formatBytes(chosen.peakBytes)}, and ${formatBytes(limit)} are there. ${remedy}`;
}
