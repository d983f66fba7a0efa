/** α, β, method and what the head reads, where the caller does not say. */
import type { SavedTraining } from './backbone.ts';

/** With α + β = 1 and so small a β the network is all but the pretrained one, and `exact` inverts it bit for bit. */
const nearlyPretrained: SavedTraining = {
  coefficients: { alpha: 63 / 64, beta: 1 / 64 },
  read: 'last',
  method: { name: 'exact' },
};

const pretrained: SavedTraining = {
  coefficients: { alpha: 1, beta: 0 },
  read: 'last',
  method: { name: 'conventional' },
};

/**
 * What the caller says; else as the network was trained; else `exact` at (63/64, 1/64) for one with a new head, and the pretrained network
 * itself, (1, 0), for one that others trained.
 * @param saved how it was trained, where its folder says so
 * @param fresh whether its head is new
 */
export function settledTraining(
  { coefficients, method, read }: Partial<SavedTraining>,
  saved: SavedTraining | null,
  fresh: boolean,
): SavedTraining {
  const otherwise = saved ?? (fresh ? nearlyPretrained : pretrained);
  return {
    coefficients: coefficients ?? otherwise.coefficients,
    method: method ?? otherwise.method,
    read: read ?? otherwise.read,
  };
}
