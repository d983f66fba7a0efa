/** How a model was trained (α, β, head read, method), in `config.json` under `dr2net`. */
import type { HeadRead, Method } from '@dr2net/core';
import type { ConfigReader } from './architectures/config.ts';
import type { SavedTraining } from './backbone.ts';
import { ConfigError } from './errors.ts';
import { suggestion } from './nearest.ts';

const reads: readonly HeadRead[] = ['last', 'mean'];
const methods: readonly Method['name'][] = ['conventional', 'checkpoint', 'frozen', 'reversible', 'exact'];

/** Reads `dr2net`; null when the model was not trained by this project. */
export function readTraining(config: ConfigReader): SavedTraining | null {
  if (!config.has('dr2net')) return null;
  const saved = config.part('dr2net');
  const read = saved.text('read', 'last');
  if (!(reads as readonly string[]).includes(read))
    throw new ConfigError(
      `${saved.where}: read is ${read}; it must be ${reads.join(' or ')}${suggestion(read, reads)}.`,
    );
  const method = saved.part('method');
  const name = method.text('name', 'conventional');
  if (!(methods as readonly string[]).includes(name))
    throw new ConfigError(`${saved.where}: method ${name} is unknown${suggestion(name, methods)}.`);
  return {
    coefficients: { alpha: saved.number('alpha'), beta: saved.number('beta') },
    read: read as HeadRead,
    method: { ...method.json, name } as Method,
  };
}

/** What is written under `dr2net`. */
export function writeTraining({ coefficients, read, method }: SavedTraining): Record<string, unknown> {
  return { alpha: coefficients.alpha, beta: coefficients.beta, read, method };
}
