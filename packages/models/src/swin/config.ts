/** From a published `config.json` to the numbers and names of a Swin: transformers' `model_type: swin`, timm's `swin_tiny_patch4_window7_224`. */
import type { ModelFacts } from '../architectures/architecture.ts';
import type { ConfigReader } from '../architectures/config.ts';
import { imagenetMean, imagenetStd, normalisation, prefixOf, requireHeads } from '../architectures/hugging-face.ts';
import { chooseDropPath, chooseSize } from '../architectures/options.ts';
import type { HeadForm } from '../backbone.ts';
import { ConfigError, UnsupportedArchitectureError } from '../errors.ts';
import { huggingFaceSwin, type SwinNames, timmSwin } from './names.ts';
import { chooseFeatures, type SwinSpec, type SwinStageSpec } from './spec.ts';

/** What may be chosen when a Swin is loaded or made. */
export interface SwinOptions {
  /** Height and width in pixels that the model is said to take; a multiple of the patch. It takes others, too. Default: the checkpoint's. */
  readonly size?: number;
  /** Stochastic depth of the last block while training, 0 ≤ rate < 1. Default: the model's. */
  readonly dropPath?: number;
  /** The stages, from 0, rising, whose maps are wanted as features, for a detection head `[1, 2, 3]`: each has a LayerNorm. Default: none. */
  readonly features?: readonly number[];
}

/** A published Swin: its numbers, its tensors' names and its configuration. */
export interface SwinDescription {
  readonly spec: SwinSpec;
  readonly names: SwinNames;
  /** `config.json` with what the options changed. */
  readonly config: Record<string, unknown>;
}

/** [width of the first stage, blocks, heads] */
const sizes: Readonly<Record<string, readonly [number, readonly number[], readonly number[]]>> = {
  tiny: [96, [2, 2, 6, 2], [3, 6, 12, 24]],
  small: [96, [2, 2, 18, 2], [3, 6, 12, 24]],
  base: [128, [2, 2, 18, 2], [4, 8, 16, 32]],
  large: [192, [2, 2, 18, 2], [6, 12, 24, 48]],
};

/** `swin_tiny_patch4_window7_224`; `_in22k` (older names) and a tag after a dot may follow. */
const timmPattern = /^swin_(tiny|small|base|large)_patch(\d+)_window(\d+)_(\d+)(?:_in22k)?(?:\.[\w.]+)?$/;

/** Whether a `config.json` describes a Swin for images. */
export function isSwinConfig(config: Readonly<Record<string, unknown>>): boolean {
  const { model_type: type, architecture } = config;
  return type === 'swin' || (typeof architecture === 'string' && timmPattern.test(architecture));
}

interface StageFields {
  readonly width: number;
  readonly depths: readonly number[];
  readonly heads: readonly number[];
  /** Of the table of each stage. */
  readonly window: (stage: number) => number;
}

function stagesOf(config: ConfigReader, { width, depths, heads, window }: StageFields): SwinStageSpec[] {
  const counts = [...depths, ...heads];
  if (depths.length !== heads.length || counts.some((count) => !Number.isInteger(count) || count < 1))
    throw new ConfigError(
      `${config.where}: depths [${depths}] and num_heads [${heads}] must be whole numbers of at least 1, one a stage.`,
    );
  return depths.map((depth, s) => {
    const own = width * 2 ** s;
    requireHeads(config, own, heads[s]!);
    return { width: own, depth, heads: heads[s]!, window: window(s) };
  });
}

const head = (output: string): HeadForm => ({ pooling: 'mean', norm: null, epsilon: 0, outputs: [output] });

function fromHuggingFace(facts: ModelFacts, options: SwinOptions): SwinDescription {
  const { config, keys } = facts;
  config.require('hidden_act', 'gelu', 'only the exact gelu is built');
  config.require('use_absolute_embeddings', false, 'absolute position embeddings of a Swin are not built');
  config.require(
    'attention_probs_dropout_prob',
    0,
    'dropout of attention probabilities is not built; set it to 0 (published weights were made for 0)',
  );
  const patch = config.count('patch_size', 4);
  const size = chooseSize(config.count('image_size', 224), patch, options.size);
  const channels = config.count('num_channels', 3);
  const window = config.count('window_size', 7);
  const [width, depths, heads] = sizes.tiny!;
  const stages = stagesOf(config, {
    width: config.count('embed_dim', width),
    depths: config.numbers('depths', depths),
    heads: config.numbers('num_heads', heads),
    window: () => window,
  });
  return {
    spec: {
      ...{ patch, stages, rule: 'hugging-face', head: head('classifier') },
      input: { kind: 'image', frames: 1, size, channels, ...normalisation(facts, channels, imagenetMean, imagenetStd) },
      mlpRatio: config.number('mlp_ratio', 4),
      epsilon: config.number('layer_norm_eps', 1e-5),
      qkvBias: config.flag('qkv_bias', true),
      dropout: config.number('hidden_dropout_prob', 0),
      dropPath: chooseDropPath(config.number('drop_path_rate', 0.1), options.dropPath),
      features: chooseFeatures(stages.length, options.features),
    },
    names: huggingFaceSwin(prefixOf(keys, 'swin.')),
    config: { ...config.json, image_size: size },
  };
}

function fromTimm({ config }: ModelFacts, options: SwinOptions): SwinDescription {
  const [, name, patchOf, windowOf, sizeOf] = config.text('architecture').match(timmPattern)!;
  const [width, depths, heads] = sizes[name!]!;
  const [args, pretrained] = [config.part('model_args'), config.part('pretrained_cfg')];
  for (const field of ['patch_norm', 'qkv_bias'] as const)
    args.require(field, true, 'this variant of the Swin is not built');
  const patch = args.count('patch_size', Number(patchOf));
  const published = args.count('img_size', Number(sizeOf));
  const input = pretrained.numbers('input_size', [0, published]);
  const size = chooseSize(input[1] ?? published, patch, options.size);
  const channels = args.count('in_chans', 3);
  const window = args.count('window_size', Number(windowOf));
  const stages = stagesOf(args, {
    width: args.count('embed_dim', width),
    depths: args.numbers('depths', depths),
    heads: args.numbers('num_heads', heads),
    // A stage whose map was smaller than the window has a table for that.
    window: (s) => Math.min(window, Math.ceil(published / patch / 2 ** s)),
  });
  return {
    spec: {
      ...{ patch, stages, rule: 'timm', head: head('head.fc') },
      input: {
        ...{ kind: 'image', frames: 1, size, channels },
        mean: pretrained.numbers('mean', imagenetMean),
        std: pretrained.numbers('std', imagenetStd),
      },
      mlpRatio: args.number('mlp_ratio', 4),
      epsilon: 1e-5,
      qkvBias: true,
      dropout: 0,
      dropPath: chooseDropPath(args.number('drop_path_rate', 0.1), options.dropPath),
      features: chooseFeatures(stages.length, options.features),
    },
    names: timmSwin,
    // `img_size` stays: it tells the windows of the tables.
    config: { ...config.json, pretrained_cfg: { ...pretrained.json, input_size: [channels, size, size] } },
  };
}

/** @throws {UnsupportedArchitectureError | ConfigError | ModelOptionError} */
export function describeSwin(facts: ModelFacts, options: SwinOptions = {}): SwinDescription {
  const { config } = facts;
  if (!isSwinConfig(config.json))
    throw new UnsupportedArchitectureError(
      `${config.where}: ${config.has('model_type') ? `model_type ${config.text('model_type')}` : `architecture ${config.text('architecture', 'none')}`} is no Swin for images; take loadBackbone, or a model with model_type swin or a timm architecture such as swin_tiny_patch4_window7_224.`,
    );
  return config.json.model_type === 'swin' ? fromHuggingFace(facts, options) : fromTimm(facts, options);
}
