/** Saves models in their published form. */

import { writeFolder } from '#platform';
import { ConfigReader } from './architectures/config.ts';
import type { Backbone, CheckpointTensor, SavedTraining } from './backbone.ts';
import { weightsFile } from './checkpoint/checkpoint.ts';
import { encodeSafetensors, type TensorSource } from './checkpoint/encode.ts';
import { hostSources, sources } from './checkpoint/sources.ts';
import { isChosenFolder, type ModelFolder, writeChosen } from './files/chosen-folder.ts';
import type { ClassificationHead } from './heads/classification-head.ts';
import { writeLabels } from './heads/labels.ts';
import { readOwnConfig, writeOwnConfig } from './own-config.ts';

/** What is saved beside a model's weights. */
export interface SaveModelOptions {
  /** Written as `preprocessor_config.json`. */
  readonly preprocessor?: Readonly<Record<string, unknown>>;
  /** Written as `README.md`. */
  readonly card?: string;
}

const textBytes = (text: string) => [new TextEncoder().encode(text)];
const jsonBytes = (value: unknown) => textBytes(`${JSON.stringify(value, null, 2)}\n`);

/**
 * Writes `config.json` and `model.safetensors` into a folder: a path in Node, where it is made when it is not there; in a page
 * a folder's handle. Each file is written
 * under a temporary name, synced and renamed; when anything fails, the folder's earlier files are as they were.
 * @throws {ModelSourceError} the folder cannot be written
 */
export async function saveModel(
  folder: ModelFolder,
  config: Readonly<Record<string, unknown>>,
  tensors: Iterable<TensorSource>,
  { preprocessor, card }: SaveModelOptions = {},
): Promise<void> {
  const files = [
    { file: weightsFile, chunks: encodeSafetensors(tensors) },
    ...(preprocessor ? [{ file: 'preprocessor_config.json', chunks: jsonBytes(preprocessor) }] : []),
    ...(card === undefined ? [] : [{ file: 'README.md', chunks: textBytes(card) }]),
    { file: 'config.json', chunks: jsonBytes(config) },
  ];
  await (isChosenFolder(folder) ? writeChosen(folder, files) : writeFolder(folder, files));
}

/** Tensors that are at hand, as a checkpoint has them; borrowed until they are written. */
export function tensorSources(tensors: readonly CheckpointTensor[]): TensorSource[] {
  return tensors.map(({ key, tensor }) => ({
    key,
    shape: tensor.shape,
    read: async () => (await tensor.data()) as Float32Array,
  }));
}

/** A head's tensors. */
export function headSources(head: ClassificationHead): TensorSource[] {
  return head.parameters.flatMap((parameter) => sources(parameter, head.layoutOf(parameter)));
}

/** What is saved with a backbone. */
export interface SaveBackboneOptions extends Pick<SaveModelOptions, 'card'> {
  /** The head to save with it. Default: the checkpoint's own, unchanged. */
  readonly head?: ClassificationHead;
  /** Class names, in the order of the head's outputs. Default: as they were. */
  readonly labels?: readonly string[];
  /** α, β, head read and method, saved under `dr2net` and restored by `loadBackbone`. Default: as they were. */
  readonly training?: SavedTraining;
  /** More fields of `config.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** The `config.json` that is saved: published fields as read, with what changed. */
export function savedConfig(backbone: Backbone, options: SaveBackboneOptions = {}): Record<string, unknown> {
  const { dr2net: _, ...published } = backbone.config;
  const training = options.training ?? backbone.training;
  const head = options.head?.form ?? readOwnConfig(new ConfigReader(backbone.config)).head;
  return {
    ...published,
    ...(options.labels ? writeLabels(options.labels) : {}),
    ...options.config,
    ...writeOwnConfig({ training, head }),
  };
}

/**
 * Saves a backbone, with its head, under the names and in the layout that it was published with (float32).
 * @throws {ModelSourceError} the folder cannot be written
 */
export async function saveBackbone(
  folder: ModelFolder,
  backbone: Backbone,
  options: SaveBackboneOptions = {},
): Promise<void> {
  const tensors = backbone.checkpointTensors();
  const known = new Set(tensors.map(({ key }) => key));
  const head = options.head ? headSources(options.head) : hostSources(backbone.extra, (key) => !known.has(key));
  const { mean, std, size } = backbone.input;
  await saveModel(folder, savedConfig(backbone, options), [...tensors, ...head], {
    preprocessor: { image_mean: mean, image_std: std, size: { height: size, width: size } },
    ...(options.card === undefined ? {} : { card: options.card }),
  });
}
