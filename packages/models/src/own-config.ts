/** What `config.json` holds of this project, under `dr2net`: how the model was trained, and its head's form. */
import type { HeadRead, Method } from '@dr2net/core';
import type { ConfigReader } from './architectures/config.ts';
import type { HeadForm, Pooling, SavedTraining } from './backbone.ts';
import { ConfigError } from './errors.ts';
import { suggestion } from './nearest.ts';

const reads: readonly HeadRead[] = ['last', 'mean'];
const methods: readonly Method['name'][] = ['conventional', 'checkpoint', 'frozen', 'reversible', 'exact'];
const poolings: readonly Pooling[] = ['class', 'mean', 'class+mean', 'class,distillation'];

export interface OwnConfig {
  /** null when the model was not trained by this project. */
  readonly training: SavedTraining | null;
  /** null when the head is the published one of the architecture. */
  readonly head: HeadForm | null;
}

/** A text field with one of some values. */
function oneOf<T extends string>(config: ConfigReader, field: string, values: readonly T[], fallback?: T): T {
  const value = config.text(field, fallback);
  const found = values.find((known) => known === value);
  if (found === undefined)
    throw new ConfigError(
      `${config.where}: ${field} is ${JSON.stringify(value)}; it must be one of ${values.join(', ')}${suggestion(value, values)}.`,
    );
  return found;
}

function readTraining(own: ConfigReader): SavedTraining | null {
  if (!own.has('alpha') && !own.has('beta')) return null;
  const method = own.part('method');
  return {
    coefficients: { alpha: own.number('alpha'), beta: own.number('beta') },
    read: oneOf(own, 'read', reads, 'last'),
    method: {
      ...method.json,
      // JSON writes an infinite tolerance, the plain inverse, as null.
      ...(method.json.tolerance === null && { tolerance: Number.POSITIVE_INFINITY }),
      name: oneOf(method, 'name', methods, 'conventional'),
    },
  };
}

function readHead(own: ConfigReader): HeadForm | null {
  if (!own.has('head')) return null;
  const head = own.part('head');
  const { outputs } = head.json;
  if (!Array.isArray(outputs) || outputs.length === 0 || !outputs.every((name) => typeof name === 'string'))
    throw new ConfigError(`${head.where}: outputs is ${JSON.stringify(outputs)}; it must be a list of names.`);
  return {
    pooling: oneOf(head, 'pooling', poolings),
    norm: head.has('norm') ? head.text('norm') : null,
    epsilon: head.number('epsilon'),
    outputs,
  };
}

export function readOwnConfig(config: ConfigReader): OwnConfig {
  const own = config.part('dr2net');
  return { training: readTraining(own), head: readHead(own) };
}

/** The value of `dr2net`, or nothing when there is nothing to say. */
export function writeOwnConfig({ training, head }: OwnConfig): { dr2net?: Record<string, unknown> } {
  if (!training && !head) return {};
  const { alpha, beta } = training?.coefficients ?? {};
  const trained = training ? { alpha, beta, read: training.read, method: training.method } : {};
  return { dr2net: { ...trained, ...(head ? { head } : {}) } };
}
