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

/** Options of a new network, which a saved one has settled. */
const ofNew = ['config', 'groupSize', 'pointsPerToken', 'depth', 'dropout', 'dropPath'] as const;
const flags = {
  config: '--config',
  groupSize: '--group-size',
  pointsPerToken: '--points-per-token',
  depth: '--depth',
  dropout: '--dropout',
  dropPath: '--drop-path',
} as const;

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

/** A configuration of one's own, with the classes and the features of the data. */
function withData(json: Record<string, unknown>, classes: number, channels: number): Record<string, unknown> {
  const part = (value: unknown) => (typeof value === 'object' && value !== null ? value : {});
  const model = part(json.model) as Record<string, unknown>;
  return {
    ...json,
    model: {
      ...model,
      encoder_args: { ...part(model.encoder_args), in_channels: channels },
      cls_args: { ...part(model.cls_args), num_classes: classes },
    },
  };
}

async function newSegmenter(settings: SegmenterSettings, classes: number, channels: number): Promise<PointSegmenter> {
  const { model, seed, config, shift, blocks: use } = settings;
  const blocks = await loadBackbone(model);
  try {
    const { depth, groupSize, pointsPerToken, dropout, dropPath } = settings;
    const own = config === undefined ? undefined : await readJson(config);
    const network = own
      ? withData(own, classes, channels)
      : segmenterConfig(blocks, {
          classes,
          channels,
          ...(depth !== undefined && { depth }),
          ...(groupSize !== undefined && { groupSize }),
          ...(pointsPerToken !== undefined && { pointsPerToken }),
          ...(dropout !== undefined && { dropout }),
          ...(dropPath !== undefined && { dropPath }),
        });
    const taken = use === 'random' ? {} : { blocks };
    return createSegmenter(network, seed, { ...taken, ...(shift !== undefined && { shift }) });
  } finally {
    blocks.dispose();
  }
}

async function savedSegmenter(settings: SegmenterSettings, classes: readonly string[], channels: number) {
  const { model, seed, head, shift } = settings;
  const given = ofNew.find((name) => settings[name] !== undefined);
  if (given)
    throw new UsageError(`${flags[given]} is for a new network, but ${model} is a saved segmenter. Leave it out.`);
  if (settings.blocks === 'random')
    throw new UsageError(`--blocks random is for a new network, but ${model} is a saved segmenter. Leave it out.`);
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
  if (settings.blocks === 'fixed')
    for (const parameter of segmenter.parameters)
      if (parameter.name.startsWith('blocks.') || parameter.name.startsWith('norm.')) parameter.trainable = false;
  return segmenter;
}
