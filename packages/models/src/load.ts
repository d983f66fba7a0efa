/** Loads a pretrained backbone: `config.json` and `model.safetensors` from a folder, an address or the hub. */

import type { ModelDescription } from './architectures/architecture.ts';
import { chooseFrames, type ModelOptions } from './architectures/options.ts';
import { describeModel } from './architectures/registry.ts';
import type { HeadForm } from './backbone.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint/checkpoint.ts';
import { ModelOptionError } from './errors.ts';
import type { ModelSource } from './files/chosen-folder.ts';
import { readConfig, readPreprocessor } from './files/config-files.ts';
import { openSource, type SourceOptions } from './files/source.ts';
import { type InflateOptions, inflate } from './inflate.ts';
import { readOwnConfig } from './own-config.ts';
import { readParameters } from './read-parameters.ts';
import { TransformerBackbone } from './transformer/transformer-backbone.ts';

/** How a pretrained backbone is loaded. */
export interface LoadOptions extends ModelOptions, SourceOptions {}

/** Keys that the head or the published model has beyond the backbone. */
function extraKeys({ spec, names }: ModelDescription, checkpoint: Checkpoint): Set<string> {
  const modules = [...spec.head.outputs, ...(spec.head.norm === null ? [] : [spec.head.norm])];
  const keys = [...modules.flatMap((name) => [`${name}.weight`, `${name}.bias`]), ...names.carried];
  return new Set(keys.filter((key) => checkpoint.entries.has(key)));
}

/**
 * Loads a backbone. Tensors are read one at a time: at no moment are the file and the model both held whole.
 *
 * An image model with `frames` is inflated over time (see {@link inflate}). With `size`, learned position embeddings
 * are resampled (bicubic), and the configuration that is saved has the new size.
 *
 * @param source a folder (Node), an http(s) address of one, or a hub id `owner/name`
 * @throws {ModelSourceError} no model there, or unreadable
 * @throws {UnsupportedArchitectureError | ConfigError} `config.json` does not describe a model that is built here
 * @throws {CheckpointError | MissingTensorError | TensorShapeError} the weights are damaged or of another model
 * @throws {ModelOptionError} an option does not fit the model
 */
export async function loadBackbone(source: ModelSource, options: LoadOptions = {}): Promise<TransformerBackbone> {
  const files = await openSource(source, options);
  const config = await readConfig(files);
  const preprocessor = await readPreprocessor(files);
  // What the configuration alone tells is refused before the weights are opened.
  describeModel({ config, preprocessor, keys: new Set() }, options);
  const own = readOwnConfig(config);
  const checkpoint = await openCheckpoint(files);
  const facts = { config, preprocessor, keys: new Set(checkpoint.entries.keys()) };
  const description = withHead(describeModel(facts, options), own.head);
  const inflation = inflationOf(description, options);
  const { parameters, extra, unused } = await readParameters(
    description,
    checkpoint,
    extraKeys(description, checkpoint),
  );
  const { spec, names } = description;
  const backbone = new TransformerBackbone({
    spec,
    names,
    config: description.config,
    parameters,
    extra,
    unused,
    training: own.training,
  });
  return inflation ? inflate(backbone, inflation) : backbone;
}

/** A head that this project saved has a form of its own. */
export function withHead(description: ModelDescription, head: HeadForm | null): ModelDescription {
  return head ? { ...description, spec: { ...description.spec, head } } : description;
}

/** How an image model is to be inflated; null for a video model, and for an image model that stays one. */
export function inflationOf(
  { spec }: ModelDescription,
  { frames, tubelet }: ModelOptions,
): Required<InflateOptions> | null {
  if (spec.input.kind === 'video') return null;
  if (frames !== undefined) return { frames: chooseFrames(frames, tubelet ?? 2, frames), tubelet: tubelet ?? 2 };
  if (tubelet !== undefined) throw new ModelOptionError(`tubelet ${tubelet} needs frames too: the model takes images.`);
  return null;
}
