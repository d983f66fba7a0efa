/** A new backbone with random weights, for pretraining and benchmarks. */
import { ConfigReader } from './architectures/config.ts';
import type { ModelOptions } from './architectures/options.ts';
import { describeModel } from './architectures/registry.ts';
import { initialise } from './initial.ts';
import { planParameters } from './transformer/plan.ts';
import { TransformerBackbone } from './transformer/transformer-backbone.ts';

/**
 * Makes a backbone of a configuration in its published form, e.g.
 * `{ model_type: 'vit', hidden_size: 384, num_hidden_layers: 12, num_attention_heads: 6, image_size: 224, patch_size: 16 }`.
 * Weights, tokens and position tables are truncated normal (σ = 0.02), biases 0, norms 1; the same for the same seed.
 * @throws {UnsupportedArchitectureError | ConfigError | ModelOptionError}
 */
export function createBackbone(
  config: Readonly<Record<string, unknown>>,
  seed: number,
  options: ModelOptions = {},
): TransformerBackbone {
  const facts = {
    config: new ConfigReader(config, 'the configuration'),
    preprocessor: new ConfigReader({}),
    keys: new Set<string>(),
  };
  const { spec, names, config: built } = describeModel(facts, options);
  const parameters = initialise(planParameters(spec, names), seed);
  return new TransformerBackbone({ spec, names, config: built, parameters });
}
