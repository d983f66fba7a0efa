/** New detectors on a Swin. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { ConfigReader } from '../architectures/config.ts';
import { ModelOptionError } from '../errors.ts';
import { writeLabels } from '../heads/labels.ts';
import { initialise } from '../initial.ts';
import type { SwinSpec } from '../swin/spec.ts';
import type { SwinBackbone } from '../swin/swin-backbone.ts';
import { DinoDetector } from './detector.ts';
import { backboneName, planDino } from './plan.ts';
import { type DinoOptions, type ReadDino, readDinoSpec } from './spec.ts';

/** How a new detector on a Swin begins. */
export interface NewDinoOptions extends DinoOptions {
  /** A Swin of the same stages, of whichever library: the new one starts with all of it; borrowed, copied. */
  readonly blocks?: SwinBackbone;
}

const alike = ['patch', 'mlpRatio', 'qkvBias', 'epsilon'] as const;

/** @throws {ModelOptionError} naming what differs */
function requireFit({ spec }: ReadDino, { spec: own }: SwinBackbone): void {
  const differs = (what: string, wanted: unknown, has: unknown) => {
    if (JSON.stringify(wanted) === JSON.stringify(has)) return;
    throw new ModelOptionError(
      `backbone_config gives ${what} ${JSON.stringify(wanted)}, the Swin has ${JSON.stringify(has)}; both must be the same (dinoConfig makes one that fits).`,
    );
  };
  for (const field of alike) differs(field, spec.backbone[field], own[field]);
  differs('channels', spec.backbone.input.channels, own.input.channels);
  for (const field of ['width', 'depth', 'heads', 'window'] as const)
    differs(
      `${field} of the stages`,
      spec.backbone.stages.map((stage) => stage[field]),
      own.stages.map((stage) => stage[field]),
    );
}

/** With what is not of the configuration but of the Swin that is copied. */
function withBlocks(read: ReadDino, { spec: own }: SwinBackbone): ReadDino {
  const { mean, std } = own.input;
  const input = { ...read.spec.backbone.input, mean, std };
  return { ...read, spec: { ...read.spec, backbone: { ...read.spec.backbone, input } } };
}

/**
 * A new detector, initialised as published (Deformable DETR; DINO's parts as in DINO): Xavier's uniform weights, queries and levels from the
 * standard normal distribution, deformable attention that looks in rings, classes at a probability of 0.01, box heads that change nothing;
 * the Swin's weights truncated normal, or those of `blocks`. The same for the same seed.
 * @param config a Deformable DETR's configuration in its published form, with the fields of our own (`dinoConfig` makes one)
 * @param seed 32-bit unsigned
 * @throws {ConfigError | ModelOptionError}
 */
export async function createDino(
  config: Readonly<Record<string, unknown>>,
  seed: number,
  { blocks, ...options }: NewDinoOptions = {},
): Promise<DinoDetector> {
  const published = readDinoSpec(new ConfigReader(config, 'the configuration'), options);
  if (blocks) requireFit(published, blocks);
  const read = blocks ? withBlocks(published, blocks) : published;
  const parameters = initialise(planDino(read), seed);
  try {
    for (const { name, variable } of blocks?.parameters ?? [])
      parameters.get(`${backboneName}${name}`)?.assign(variable.clone() as Tensor);
    return new DinoDetector({ ...read, config: { ...config }, parameters, fresh: true });
  } catch (error) {
    for (const parameter of parameters.values()) parameter.dispose();
    throw error;
  }
}

/** The sizes of a new Deformable DETR or DINO. */
export interface DinoConfigOptions {
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** The Swin: one that is there, its numbers, or a configuration of transformers' (`embed_dim`, `depths`, `num_heads`, …). */
  readonly backbone: Pick<SwinBackbone, 'spec'> | Readonly<Record<string, unknown>>;
  /** Stages, from 0, rising, whose maps are read. Default: the last three. */
  readonly features?: readonly number[];
  /** Of encoder and decoder; a multiple of 32. Default 256. */
  readonly width?: number;
  /** Maps; those beyond the backbone's are of half the size of the one before. Default: one more than `features`. */
  readonly levels?: number;
  /** Objects that can be found in a picture. Default 300. */
  readonly queries?: number;
  /** Default 6. */
  readonly encoderLayers?: number;
  /** Default 6. */
  readonly decoderLayers?: number;
  /** Of all attentions; divides the width. Default 8. */
  readonly heads?: number;
  /** Points that a head reads of each level. Default 4. */
  readonly points?: number;
  /** Width of the MLPs' hidden layer. Default: eight times `width`, as in DINO. */
  readonly hidden?: number;
  /** Default 0, as in DINO. */
  readonly dropout?: number;
  /** Whether with DINO's improvements: mixed selection, denoising, look forward twice, positions of boxes, shared heads. Default true; else a Deformable DETR of two stages. */
  readonly improved?: boolean;
}

/** A Swin's numbers as transformers has them. */
function swinConfig(spec: SwinSpec): Record<string, unknown> {
  return {
    embed_dim: spec.stages[0]!.width,
    depths: spec.stages.map(({ depth }) => depth),
    num_heads: spec.stages.map(({ heads }) => heads),
    window_size: Math.max(...spec.stages.map(({ window }) => window)),
    patch_size: spec.patch,
    image_size: spec.input.size,
    num_channels: spec.input.channels,
    mlp_ratio: spec.mlpRatio,
    qkv_bias: spec.qkvBias,
    layer_norm_eps: spec.epsilon,
    hidden_dropout_prob: spec.dropout,
    drop_path_rate: spec.dropPath,
  };
}

/** The configuration of a new detector, in Hugging Face's form, with the fields of our own. */
export function dinoConfig(options: DinoConfigOptions): Record<string, unknown> {
  const { backbone: given, classes, width = 256, queries = 300, heads = 8, points = 4, improved = true } = options;
  const backbone = 'spec' in given ? swinConfig((given as Pick<SwinBackbone, 'spec'>).spec) : given;
  const stages = Array.isArray(backbone.depths) ? backbone.depths.length : 4;
  const features = options.features ?? [3, 2, 1].map((back) => stages - back).filter((stage) => stage >= 0);
  const hidden = options.hidden ?? 8 * width;
  return {
    // transformers' class has none of the improvements.
    ...(!improved && { architectures: ['DeformableDetrForObjectDetection'] }),
    model_type: 'deformable_detr',
    backbone_config: {
      ...backbone,
      model_type: 'swin',
      out_features: features.map((stage) => `stage${stage + 1}`),
    },
    d_model: width,
    num_feature_levels: options.levels ?? features.length + 1,
    encoder_layers: options.encoderLayers ?? 6,
    decoder_layers: options.decoderLayers ?? 6,
    encoder_attention_heads: heads,
    decoder_attention_heads: heads,
    encoder_n_points: points,
    decoder_n_points: points,
    encoder_ffn_dim: hidden,
    decoder_ffn_dim: hidden,
    dropout: options.dropout ?? 0,
    num_queries: queries,
    two_stage_num_proposals: queries,
    with_box_refine: true,
    two_stage: true,
    ...(improved && {
      mixed_query_selection: true,
      look_forward_twice: true,
      box_query_positions: true,
      denoising_queries: true,
      shared_heads: true,
    }),
    ...writeLabels(classes),
  };
}
