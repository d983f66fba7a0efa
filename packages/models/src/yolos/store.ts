/** Detectors from disk and to disk. */
import { Parameter } from '@dr2net/ops';
import { tensor } from '@tensorflow/tfjs-core';
import type { SavedTraining } from '../backbone.ts';
import { openCheckpoint } from '../checkpoint/checkpoint.ts';
import type { HostTensor } from '../checkpoint/decode.ts';
import type { TensorSource } from '../checkpoint/encode.ts';
import { sources } from '../checkpoint/sources.ts';
import { MissingTensorError, TensorShapeError } from '../errors.ts';
import type { ModelFolder, ModelSource } from '../files/chosen-folder.ts';
import { readConfig, readPreprocessor } from '../files/config-files.ts';
import { openSource, type SourceOptions } from '../files/source.ts';
import { writeLabels } from '../heads/labels.ts';
import { readOwnConfig, writeOwnConfig } from '../own-config.ts';
import { type PartSource, readPlanned } from '../read-parameters.ts';
import { type SaveModelOptions, saveModel } from '../save.ts';
import { resamplePlaces } from '../transformer/resample.ts';
import { YolosDetector } from './detector.ts';
import { midPosition, midPositionsKey, planYolos } from './plan.ts';
import { gridOf, type ReadYolos, readYolosSpec, type YolosOptions, yolosTokens } from './spec.ts';

/** How a saved YOLOS is loaded. */
export interface LoadYolosOptions extends SourceOptions, YolosOptions {}

/** Whether a `config.json` describes a YOLOS. */
export const isYolosConfig = ({ model_type }: Readonly<Record<string, unknown>>): boolean => model_type === 'yolos';

/** The configuration with what the options changed. */
export function changed(config: Readonly<Record<string, unknown>>, { spec }: ReadYolos): Record<string, unknown> {
  return { ...config, image_size: [...spec.input.size], num_hidden_layers: spec.depth };
}

/** A table of positions of the checkpoint, brought to the size that is built. */
function resampled({ spec, published }: ReadYolos, table: HostTensor): HostTensor {
  const kept = { before: 1, after: spec.detectionTokens };
  return resamplePlaces(table, kept, gridOf(spec, published), gridOf(spec, spec.input.size));
}

/** Tokens of the checkpoint's own size. */
const publishedTokens = ({ spec, published }: ReadYolos) =>
  yolosTokens({ ...spec, input: { ...spec.input, size: published } });

/** The blocks' own positions, from the one tensor of the checkpoint. */
function splitPositions(read: ReadYolos, { shape, data }: HostTensor): Map<string, Parameter> {
  const { spec } = read;
  const [blocks, tokens] = [read.publishedDepth - 1, publishedTokens(read)];
  const needed = [blocks, 1, tokens, spec.width];
  if (shape.length !== 4 || needed.some((size, axis) => size !== shape[axis]))
    throw new TensorShapeError(`${midPositionsKey} is [${shape}] where config.json needs [${needed}].`);
  const size = tokens * spec.width;
  const parameters = new Map<string, Parameter>();
  for (let i = 1; i < spec.depth; i++) {
    const table = { shape: [1, tokens, spec.width], data: data.subarray((i - 1) * size, i * size) };
    const own = resampled(read, table);
    parameters.set(midPosition(i), new Parameter(midPosition(i), tensor(own.data, [...own.shape], 'float32')));
  }
  return parameters;
}

/**
 * Loads a `YolosForObjectDetection`: `config.json` and `model.safetensors`.
 * @param source a folder (Node), a folder's handle (a page), an http(s) address of one, or a hub id
 * @throws {ModelSourceError | ConfigError | CheckpointError | MissingTensorError | TensorShapeError | ModelOptionError}
 */
export async function loadYolos(source: ModelSource, options: LoadYolosOptions = {}): Promise<YolosDetector> {
  const files = await openSource(source, options);
  const config = await readConfig(files);
  const { training } = readOwnConfig(config);
  const read = readYolosSpec(config, options, await readPreprocessor(files));
  const { spec } = read;
  const checkpoint = await openCheckpoint(files);
  const own = new Set(spec.midPositions ? [midPositionsKey] : []);
  for (const key of own)
    if (!checkpoint.entries.has(key))
      throw new MissingTensorError(
        `${checkpoint.name}: tensor ${key} is missing. The weights are incomplete, or use_mid_position_embeddings should be false.`,
      );
  const plan = planYolos(spec).filter(({ layout }) => layout.some(({ key }) => key !== null));
  const sourceOf: PartSource = (planned, part) =>
    planned.name === 'stem.position'
      ? { shape: [1, publishedTokens(read), spec.width], adapt: (table) => resampled(read, table) }
      : { shape: part.shape, adapt: (table) => table };
  const { parameters, extra, unused } = await readPlanned(plan, checkpoint, own, sourceOf);
  try {
    for (const table of extra.values())
      for (const [name, parameter] of splitPositions(read, table)) parameters.set(name, parameter);
    return new YolosDetector({ spec, config: changed(config.json, read), parameters, unused, training });
  } catch (error) {
    for (const parameter of parameters.values()) parameter.dispose();
    throw error;
  }
}

/** What is saved beside a YOLOS's weights. */
export interface SaveYolosOptions extends Pick<SaveModelOptions, 'card'> {
  /** α, β and method, saved under `dr2net` and restored by `loadYolos`. Default: as they were. */
  readonly training?: SavedTraining;
  /** Class names, in the order of the logits. Default: as they were. */
  readonly labels?: readonly string[];
  /** More fields of `config.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** The blocks' own positions as the one tensor of the checkpoint. */
function joinedPositions({ midPositions, spec }: YolosDetector): TensorSource[] {
  if (midPositions.length === 0) return [];
  const size = yolosTokens(spec) * spec.width;
  const read = async () => {
    const values = new Float32Array(midPositions.length * size);
    for (const [i, { variable }] of midPositions.entries()) values.set(await variable.data(), i * size);
    return values;
  };
  return [{ key: midPositionsKey, shape: [midPositions.length, 1, yolosTokens(spec), spec.width], read }];
}

/** Saves a detector under the names of a `YolosForObjectDetection`, float32, with its preprocessor. */
export async function saveYolos(
  folder: ModelFolder,
  model: YolosDetector,
  options: SaveYolosOptions = {},
): Promise<void> {
  const { dr2net: _, ...published } = model.config;
  const { mean, std, size } = model.spec.input;
  const config = {
    ...published,
    ...(options.labels ? writeLabels(options.labels) : {}),
    ...options.config,
    ...writeOwnConfig({ training: options.training ?? model.training, head: null }),
  };
  const tensors = model.parameters.flatMap((parameter) => sources(parameter, model.layoutOf(parameter)));
  await saveModel(folder, config, [...tensors, ...joinedPositions(model)], {
    preprocessor: { image_mean: mean, image_std: std, size: { height: size[0], width: size[1] } },
    ...(options.card === undefined ? {} : { card: options.card }),
  });
}
