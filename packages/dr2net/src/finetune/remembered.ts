/** What a budget chose by trials, as a run's first record keeps it: the run goes on with the same batches, whatever a second measurement would say. */
import type { RunSettings } from '../options/run.ts';
import type { Choice } from '../plan/candidates.ts';

/** Its name among the settings in the records. */
export const measuredName = 'chosen by trials';

/** All that the choice follows from. */
function askedOf({ budget, batch, accumulate, update, chunks, method, backend }: RunSettings) {
  return { budget, batch, accumulate, update, chunks, ...(method && { method }), backend };
}

export function remember(asked: RunSettings, choice: Choice): string {
  return JSON.stringify({ asked: askedOf(asked), choice });
}

/**
 * @param record what {@link remember} gave
 * @returns undefined where the run was asked for otherwise
 */
export function rememberedChoice(record: string, asked: RunSettings): Choice | undefined {
  const known = JSON.parse(record) as { readonly asked: unknown; readonly choice: Choice };
  return JSON.stringify(known.asked) === JSON.stringify(askedOf(asked)) ? known.choice : undefined;
}
