/** What the Hugging Face configurations of ViT, DeiT, DINOv2 and VideoMAE have in common. */
import { ConfigError } from '../errors.ts';
import type { HuggingFaceStyle } from '../transformer/names.ts';
import type { TransformerSpec } from '../transformer/spec.ts';
import type { ModelFacts } from './architecture.ts';
import type { ConfigReader } from './config.ts';
import { chooseDepth, chooseDropPath, chooseSize, type ModelOptions } from './options.ts';

export const imagenetMean = [0.485, 0.456, 0.406];
export const imagenetStd = [0.229, 0.224, 0.225];
export const halves = [0.5, 0.5, 0.5];

/** `vit.` when the keys have it; nothing in a checkpoint of the bare model. A new model has it. */
export function prefixOf(keys: ReadonlySet<string>, prefix: string): HuggingFaceStyle['prefix'] {
  if (keys.size === 0) return prefix;
  for (const key of keys) if (key.startsWith(`${prefix}embeddings.`)) return prefix;
  return '';
}

/** Mean and standard deviation of the pixels. */
export function normalisation(
  { preprocessor }: ModelFacts,
  channels: number,
  mean: readonly number[],
  std: readonly number[],
): { mean: readonly number[]; std: readonly number[] } {
  const fit = (values: readonly number[]) => (channels === values.length ? values : Array(channels).fill(0.5));
  return { mean: preprocessor.numbers('image_mean', fit(mean)), std: preprocessor.numbers('image_std', fit(std)) };
}

/** The heads must divide the width. */
export function requireHeads(config: ConfigReader, width: number, heads: number): void {
  if (width % heads !== 0)
    throw new ConfigError(
      `${config.where}: ${heads} attention heads do not divide the width ${width}; change num_attention_heads or hidden_size.`,
    );
}

/** The numbers of the blocks. */
export function blockNumbers(
  config: ConfigReader,
  options: ModelOptions,
  hidden: number,
): Pick<TransformerSpec, 'width' | 'depth' | 'heads' | 'hidden' | 'dropout' | 'dropPath'> {
  config.require('hidden_act', 'gelu', 'only the exact gelu is built');
  config.require(
    'attention_probs_dropout_prob',
    0,
    'dropout of attention probabilities is not built; set it to 0 (published weights were made for 0)',
  );
  const width = config.count('hidden_size');
  const heads = config.count('num_attention_heads');
  requireHeads(config, width, heads);
  return {
    width,
    heads,
    hidden,
    depth: chooseDepth(config.count('num_hidden_layers'), options.depth),
    dropout: config.number('hidden_dropout_prob', 0),
    dropPath: chooseDropPath(config.number('drop_path_rate', 0), options.dropPath),
  };
}

/** The numbers of the pixels: of the patches, of the checkpoint (`published`) and of what is built (`size`). */
export function pixelNumbers(
  config: ConfigReader,
  options: ModelOptions,
  defaults: { readonly patch: number; readonly size: number },
): { patch: number; published: number; size: number; channels: number } {
  const patch = config.count('patch_size', defaults.patch);
  const published = config.count('image_size', defaults.size);
  return {
    patch,
    published,
    size: chooseSize(published, patch, options.size),
    channels: config.count('num_channels', 3),
  };
}
