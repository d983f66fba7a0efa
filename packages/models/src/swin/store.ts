/** Swins from disk, and new ones. They are saved by `saveBackbone`. */
import { ConfigReader } from '../architectures/config.ts';
import { type Checkpoint, openCheckpoint } from '../checkpoint/checkpoint.ts';
import type { ModelSource } from '../files/chosen-folder.ts';
import { readConfig, readPreprocessor } from '../files/config-files.ts';
import { openSource, type SourceOptions } from '../files/source.ts';
import { initialise } from '../initial.ts';
import { readOwnConfig } from '../own-config.ts';
import { readPlanned } from '../read-parameters.ts';
import { describeSwin, type SwinDescription, type SwinOptions } from './config.ts';
import { isSwinBuffer } from './names.ts';
import { planFeatures, planSwin } from './plan.ts';
import { SwinBackbone } from './swin-backbone.ts';

/** How a saved Swin is loaded. */
export interface LoadSwinOptions extends SwinOptions, SourceOptions {}

/** Keys of the head's and of the published model's tensors beyond the backbone. */
function extraKeys({ spec, names }: SwinDescription, { entries }: Checkpoint): Set<string> {
  const head = spec.head.outputs.flatMap((name) => [`${name}.weight`, `${name}.bias`]);
  return new Set([...head, ...names.carried].filter((key) => entries.has(key)));
}

/**
 * Loads a Swin: `SwinForImageClassification`, `SwinModel` or `SwinBackbone` of transformers, or timm's. Norms of features that the
 * checkpoint does not have begin as the identity after normalisation (gain 1, bias 0).
 *
 * @param source a folder (Node) or its handle (a page), an http(s) address of one, or a hub id `owner/name`
 * @throws {ModelSourceError | UnsupportedArchitectureError | ConfigError | CheckpointError | MissingTensorError | TensorShapeError | ModelOptionError}
 */
export async function loadSwin(source: ModelSource, options: LoadSwinOptions = {}): Promise<SwinBackbone> {
  const files = await openSource(source, options);
  const config = await readConfig(files);
  const preprocessor = await readPreprocessor(files);
  // What the configuration alone tells is refused before the weights are opened.
  describeSwin({ config, preprocessor, keys: new Set() }, options);
  const { training, head } = readOwnConfig(config);
  const checkpoint = await openCheckpoint(files);
  const published = describeSwin({ config, preprocessor, keys: new Set(checkpoint.entries.keys()) }, options);
  const description = head ? { ...published, spec: { ...published.spec, head } } : published;
  const { spec, names } = description;
  const isThere = ({ layout }: { layout: readonly { key: string | null }[] }) =>
    layout.every(({ key }) => key === null || checkpoint.entries.has(key));
  const fresh = new Map(
    planFeatures(spec, names)
      .filter((planned) => !isThere(planned))
      .map((planned) => [planned.name, planned]),
  );
  const plan = planSwin(spec, names).filter(({ name }) => !fresh.has(name));
  const { parameters, extra, unused } = await readPlanned(plan, checkpoint, extraKeys(description, checkpoint));
  // Gains and biases: constants, so the seed does not matter.
  for (const [name, parameter] of initialise([...fresh.values()], 0)) parameters.set(name, parameter);
  return new SwinBackbone({
    ...{ ...description, parameters, extra, training },
    unused: unused.filter((key) => !isSwinBuffer(key)),
  });
}

/**
 * A new Swin of a configuration in its published form: `{ model_type: 'swin', embed_dim: 96, depths: [2, 2, 6, 2], num_heads: [3, 6, 12, 24] }`,
 * or `{ architecture: 'swin_tiny_patch4_window7_224' }`. Weights and tables are truncated normal (σ = 0.02), biases 0, norms 1; the same for
 * the same seed.
 * @param seed 32-bit unsigned
 * @throws {UnsupportedArchitectureError | ConfigError | ModelOptionError}
 */
export function createSwin(
  config: Readonly<Record<string, unknown>>,
  seed: number,
  options: SwinOptions = {},
): SwinBackbone {
  const facts = {
    config: new ConfigReader(config, 'the configuration'),
    preprocessor: new ConfigReader({}),
    keys: new Set<string>(),
  };
  const description = describeSwin(facts, options);
  const parameters = initialise(planSwin(description.spec, description.names), seed);
  return new SwinBackbone({ ...description, parameters });
}
