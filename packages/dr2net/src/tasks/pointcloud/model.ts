/** The model that is finetuned: a saved segmenter, or a new one around the blocks of an image transformer. */
import { readFile } from 'node:fs/promises';
import {
  createSegmenter,
  isSegmenterConfig,
  loadBackbone,
  loadSegmenter,
  type PointSegmenter,
  readLabels,
  readModelConfig,
  segmenterConfig,
  withNewHead,
} from '@dr2net/models';
import { UsageError } from '../../errors.ts';
import type { RunSettings } from '../../options/run.ts';
import type { SegmenterOptions } from './options.ts';

export interface SegmenterSettings
  extends SegmenterOptions,
    Pick<RunSettings, 'model' | 'seed' | 'dropout' | 'dropPath'> {
  readonly depth?: number;
  readonly head?: 'checkpoint' | 'new';
}

/** Options of the network around the blocks, beside a configuration of one's own. */
const ofNetwork = ['groupSize', 'pointsPerToken', 'depth', 'dropout', 'dropPath'] as const;
const flags = {
  config: '--config',
  groupSize: '--group-size',
  pointsPerToken: '--points-per-token',
  depth: '--depth',
  dropout: '--dropout',
  dropPath: '--drop-path',
} as const;

/** What a new network is made by. */
export type NetworkSettings = Pick<SegmenterSettings, 'config' | (typeof ofNetwork)[number]>;

/** @throws UsageError for options of a new network, which a saved one has settled */
export function refuseNetworkOptions(
  settings: NetworkSettings & Pick<SegmenterSettings, 'blocks'>,
  model: string,
): void {
  const given = (['config', ...ofNetwork] as const).find((name) => settings[name] !== undefined);
  const flag = given ? flags[given] : settings.blocks === 'random' ? '--blocks random' : undefined;
  if (flag) throw new UsageError(`${flag} is for a new network, but ${model} is a saved segmenter. Leave it out.`);
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch (cause) {
    throw new UsageError(`--config ${path} cannot be read: ${cause instanceof Error ? cause.message : cause}.`, {
      cause,
    });
  }
  throw new UsageError(`--config ${path} is no JSON object; give an OpenPoints configuration as JSON.`);
}

/** A part of a configuration, with other fields. */
function withFields(json: Readonly<Record<string, unknown>>, name: string, fields: object): Record<string, unknown> {
  const part = json[name];
  return { ...json, [name]: { ...(typeof part === 'object' && part !== null ? part : {}), ...fields } };
}

/** A segmenter's configuration under a head for so many classes. */
export function withClasses(json: Readonly<Record<string, unknown>>, classes: number): Record<string, unknown> {
  const model = withFields(json, 'model', {}).model as Record<string, unknown>;
  return { ...json, model: withFields(model, 'cls_args', { num_classes: classes }) };
}

/** A configuration of one's own, with the classes and the features of the data. */
function withData(json: Record<string, unknown>, classes: number, channels: number): Record<string, unknown> {
  const made = withClasses(json, classes);
  return {
    ...made,
    model: withFields(made.model as Record<string, unknown>, 'encoder_args', { in_channels: channels }),
  };
}

/**
 * The configuration of a new segmenter around a transformer's blocks.
 * @throws UsageError, ModelOptionError
 */
export async function networkConfig(
  settings: NetworkSettings,
  blocks: Parameters<typeof segmenterConfig>[0],
  classes: number,
  channels: number,
): Promise<Record<string, unknown>> {
  const { config, depth, groupSize, pointsPerToken, dropout, dropPath } = settings;
  if (config === undefined)
    return segmenterConfig(blocks, {
      classes,
      channels,
      ...(depth !== undefined && { depth }),
      ...(groupSize !== undefined && { groupSize }),
      ...(pointsPerToken !== undefined && { pointsPerToken }),
      ...(dropout !== undefined && { dropout }),
      ...(dropPath !== undefined && { dropPath }),
    });
  const own = await readJson(config);
  const given = ofNetwork.find((name) => settings[name] !== undefined);
  if (given)
    throw new UsageError(`${flags[given]} is said by the file of --config. Change it there, or leave one out.`);
  return withData(own, classes, channels);
}

/** Around the blocks of an image transformer. */
export async function newSegmenter(
  settings: SegmenterSettings,
  classes: number,
  channels: number,
): Promise<PointSegmenter> {
  const { model, seed, shift, blocks: use } = settings;
  const blocks = await loadBackbone(model);
  try {
    const network = await networkConfig(settings, blocks, classes, channels);
    const taken = use === 'random' ? {} : { blocks };
    return createSegmenter(network, seed, { ...taken, ...(shift !== undefined && { shift }) });
  } finally {
    blocks.dispose();
  }
}

async function savedSegmenter(settings: SegmenterSettings, classes: readonly string[], channels: number) {
  const { model, seed, head, shift } = settings;
  refuseNetworkOptions(settings, model);
  const segmenter = await loadSegmenter(model, shift === undefined ? {} : { shift });
  try {
    if (segmenter.spec.channels !== channels)
      throw new UsageError(
        `${model} takes ${segmenter.spec.channels} features a point, and --features gives ${channels}. Choose the features that it was made for.`,
      );
    const own = readLabels(segmenter.config);
    if (head !== 'new' && own?.join() === classes.join()) return segmenter;
    if (head !== 'new' && !(own === null && segmenter.spec.head.classes === classes.length))
      throw new UsageError(
        `${model} knows the classes ${own?.join(', ') ?? `0 … ${segmenter.spec.head.classes - 1}`}, the data have ${classes.join(', ')}. Give --head new to train a new head for them.`,
      );
    return head === 'new' ? withNewHead(segmenter, classes.length, seed) : segmenter;
  } catch (error) {
    segmenter.dispose();
    throw error;
  }
}

/** Blocks that are `fixed` do not learn, and neither does the norm behind them. */
export function settleBlocks(segmenter: PointSegmenter, { blocks }: SegmenterSettings): PointSegmenter {
  if (blocks === 'fixed')
    for (const parameter of segmenter.parameters)
      if (parameter.name.startsWith('blocks.') || parameter.name.startsWith('norm.')) parameter.trainable = false;
  return segmenter;
}

/**
 * @param channels features of a point
 * @throws UsageError, and the errors of loading
 */
export async function loadPointNetwork(
  settings: SegmenterSettings,
  classes: readonly string[],
  channels: number,
): Promise<PointSegmenter> {
  const saved = isSegmenterConfig(await readModelConfig(settings.model));
  const segmenter = saved
    ? await savedSegmenter(settings, classes, channels)
    : await newSegmenter(settings, classes.length, channels);
  return settleBlocks(segmenter, settings);
}
