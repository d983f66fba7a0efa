/**
 * ViT (arXiv 2010.11929) and DeiT (arXiv 2012.12877) as transformers publishes them: `ViTModel`,
 * `ViTForImageClassification`, `DeiTForImageClassification`, `DeiTForImageClassificationWithTeacher`.
 */
import type { HeadForm } from '../backbone.ts';
import { huggingFaceNames } from '../transformer/names.ts';
import type { PrefixToken } from '../transformer/spec.ts';
import type { Architecture, ModelDescription, ModelFacts } from './architecture.ts';
import {
  blockNumbers,
  halves,
  imagenetMean,
  imagenetStd,
  normalisation,
  pixelNumbers,
  prefixOf,
} from './hugging-face.ts';
import type { ModelOptions } from './options.ts';

interface Variant {
  readonly architecture: 'vit' | 'deit';
  readonly tokens: readonly PrefixToken[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

function headForm(variant: Variant, keys: ReadonlySet<string>): HeadForm {
  const plain = { norm: null, epsilon: 0 };
  return variant.architecture === 'deit' && keys.has('distillation_classifier.weight')
    ? { ...plain, pooling: 'class,distillation', outputs: ['cls_classifier', 'distillation_classifier'] }
    : { ...plain, pooling: 'class', outputs: ['classifier'] };
}

function describe(variant: Variant, facts: ModelFacts, options: ModelOptions): ModelDescription {
  const { config, keys } = facts;
  const width = config.count('hidden_size');
  const numbers = blockNumbers(config, options, config.count('intermediate_size', 4 * width));
  const { patch, size, channels, published } = pixelNumbers(config, options, { patch: 16, size: 224 });
  return {
    spec: {
      ...numbers,
      architecture: variant.architecture,
      input: { kind: 'image', frames: 1, size, channels, ...normalisation(facts, channels, variant.mean, variant.std) },
      patch,
      tubelet: 1,
      epsilon: config.number('layer_norm_eps', 1e-12),
      prefix: variant.tokens,
      position: 'learned',
      qkvBias: config.flag('qkv_bias', true) ? 'qkv' : 'none',
      layerScale: false,
      layerScaleValue: 1,
      norm: true,
      head: headForm(variant, keys),
    },
    names: huggingFaceNames({
      prefix: prefixOf(keys, `${variant.architecture}.`),
      carried: ['embeddings.mask_token'],
    }),
    checkpointSize: published,
    config: { ...config.json, num_hidden_layers: numbers.depth, image_size: size },
  };
}

const vitVariant: Variant = { architecture: 'vit', tokens: ['class'], mean: halves, std: halves };
const deitVariant: Variant = {
  architecture: 'deit',
  tokens: ['class', 'distillation'],
  mean: imagenetMean,
  std: imagenetStd,
};

export const vit: Architecture = {
  modelType: 'vit',
  title: 'ViT',
  describe: (facts, options) => describe(vitVariant, facts, options),
};

export const deit: Architecture = {
  modelType: 'deit',
  title: 'DeiT',
  describe: (facts, options) => describe(deitVariant, facts, options),
};
