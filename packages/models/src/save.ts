/** Saves models in their published form. */

import type { Parameter } from '@dr2net/ops';
import { writeFolder } from '#platform';
import { ConfigReader } from './architectures/config.ts';
import type { Backbone, CheckpointTensor, SavedTraining } from './backbone.ts';
import { weightsFile } from './checkpoint/checkpoint.ts';
import { encodeSafetensors, type TensorSource } from './checkpoint/encode.ts';
import { fromParameter, type Layout } from './checkpoint/layout.ts';
import { ModelOptionError } from './errors.ts';
import { isChosenFolder, type ModelFolder, writeChosen } from './files/chosen-folder.ts';
import type { ClassificationHead } from './heads/classification-head.ts';
import { writeLabels } from './heads/labels.ts';
import { readOwnConfig, writeOwnConfig } from './own-config.ts';

import { TransformerBackbone } from './transformer/transformer-backbone.ts';

export interface SaveModelOptions {
  /** Written as `preprocessor_config.json`. */
  readonly preprocessor?: Readonly<Record<string, unknown>>;
}

const jsonBytes = (value: unknown) => [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)];

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
  { preprocessor }: SaveModelOptions = {},
): Promise<void> {
  const files = [
    { file: weightsFile, chunks: encodeSafetensors(tensors) },
    ...(preprocessor ? [{ file: 'preprocessor_config.json', chunks: jsonBytes(preprocessor) }] : []),
    { file: 'config.json', chunks: jsonBytes(config) },
  ];
  await (isChosenFolder(folder) ? writeChosen(folder, files) : writeFolder(folder, files));
}

/** A parameter's checkpoint tensors, each made when it is written. */
export function sources(parameter: Parameter, layout: Layout): TensorSource[] {
  return layout.flatMap(({ key, shape }, i) => {
    if (key === null) return [];
    const read = async () => {
      const tensor = fromParameter(layout, i, parameter.variable);
      try {
        return (await tensor.data()) as Float32Array;
      } finally {
        tensor.dispose();
      }
    };
    return [{ key, shape, read }];
  });
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

/** A backbone's tensors, and those of its checkpoint that belong to the model beyond the backbone and the head. */
export function backboneSources(backbone: Backbone): TensorSource[] {
  const transformer = asTransformer(backbone);
  return [
    ...transformer.parameters.flatMap((parameter) => sources(parameter, transformer.layoutOf(parameter))),
    ...extraSources(transformer, (key) => transformer.names.carried.includes(key)),
  ];
}

function extraSources(backbone: Backbone, wanted: (key: string) => boolean): TensorSource[] {
  return [...backbone.extra].flatMap(([key, { shape, data }]) =>
    wanted(key) ? [{ key, shape, read: () => data }] : [],
  );
}

function asTransformer(backbone: Backbone): TransformerBackbone {
  if (backbone instanceof TransformerBackbone) return backbone;
  throw new ModelOptionError(`The backbone ${backbone.architecture} was not made by this package; use saveModel.`);
}

export interface SaveBackboneOptions {
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
  const transformer = asTransformer(backbone);
  const head = options.head
    ? headSources(options.head)
    : extraSources(backbone, (key) => !transformer.names.carried.includes(key));
  const { mean, std, size } = backbone.input;
  await saveModel(folder, savedConfig(backbone, options), [...backboneSources(backbone), ...head], {
    preprocessor: { image_mean: mean, image_std: std, size: { height: size, width: size } },
  });
}
