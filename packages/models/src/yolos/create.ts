/** New detectors on the blocks of an image transformer (YOLOS, arXiv 2106.00666, section 3.2). */
import type { Parameter } from '@dr2net/ops';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { ConfigReader } from '../architectures/config.ts';
import { ModelOptionError } from '../errors.ts';
import { writeLabels } from '../heads/labels.ts';
import { initialise } from '../initial.ts';
import { resamplePlaces } from '../transformer/resample.ts';
import { gridSide } from '../transformer/spec.ts';
import type { TransformerBackbone } from '../transformer/transformer-backbone.ts';
import { YolosDetector } from './detector.ts';
import { planYolos } from './plan.ts';
import { gridOf, type PictureSize, type ReadYolos, readYolosSpec, type YolosOptions, yolosTokens } from './spec.ts';
import { changed } from './store.ts';

export interface NewYolosOptions extends YolosOptions {
  /** A vision transformer of the same blocks: the new one starts with its patches, class token, positions, blocks and norm; borrowed, copied. */
  readonly blocks?: TransformerBackbone;
}

const blockFields = ['width', 'heads', 'hidden', 'layerScale', 'qkvBias', 'patch'] as const;

/** A pretrained parameter's value for the new detector's parameter of that name; owned by the caller. Undefined where it stays new. */
async function taken(name: string, from: Parameter, detector: ReadYolos, blocks: TransformerBackbone) {
  if (name !== 'stem.position') return from.variable.clone() as Tensor;
  const { spec } = detector;
  const side = gridSide(blocks.spec);
  const before = blocks.spec.prefix.length;
  const host = { shape: from.shape, data: (await from.variable.data()) as Float32Array };
  const { data } = resamplePlaces(host, { before }, [side, side], gridOf(spec, spec.input.size));
  const { width } = spec;
  // Of a class token's and a distillation token's positions the first is the class token's; detection tokens begin at zero.
  const values = new Float32Array(yolosTokens(spec) * width);
  values.set(data.subarray(0, width));
  values.set(data.subarray(before * width), width);
  return tensor(values, [1, values.length / width, width]) as Tensor;
}

function requireFit(read: ReadYolos, blocks: TransformerBackbone): void {
  const { spec } = read;
  for (const field of blockFields)
    if (spec[field] !== blocks.spec[field])
      throw new ModelOptionError(
        `The configuration gives ${field} ${spec[field]}, the ${blocks.architecture} has ${blocks.spec[field]}; both must be the same (yolosConfig makes one that fits).`,
      );
  if (blocks.spec.input.kind !== 'image')
    throw new ModelOptionError(`The ${blocks.architecture} takes clips; a detector needs an image model's blocks.`);
  if (spec.depth > blocks.depth)
    throw new ModelOptionError(
      `The configuration has ${spec.depth} blocks; the ${blocks.architecture} has ${blocks.depth}.`,
    );
}

/**
 * A new detector: weights of the two networks uniform within ±1/√inputs, all other truncated normal (σ = 0.02), biases 0, norms 1, the same
 * for the same seed; everything that a vision transformer has is taken from `blocks` where given.
 * @param config a YOLOS configuration in its published form
 * @throws {ConfigError | ModelOptionError}
 */
export async function createYolos(
  config: Readonly<Record<string, unknown>>,
  seed: number,
  { blocks, ...options }: NewYolosOptions = {},
): Promise<YolosDetector> {
  const read = readYolosSpec(new ConfigReader(config, 'the configuration'), options);
  if (blocks) requireFit(read, blocks);
  const parameters = initialise(planYolos(read.spec), seed);
  try {
    for (const pretrained of blocks?.parameters ?? []) {
      const own = parameters.get(pretrained.name);
      if (own && blocks) own.assign(await taken(pretrained.name, pretrained, read, blocks));
    }
    const input = blocks ? { mean: blocks.input.mean, std: blocks.input.std } : {};
    const spec = { ...read.spec, input: { ...read.spec.input, ...input } };
    return new YolosDetector({ spec, config: changed(config, read), parameters, fresh: true });
  } catch (error) {
    for (const parameter of parameters.values()) parameter.dispose();
    throw error;
  }
}

export interface YolosConfigOptions {
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** Height and width in pixels: multiples of the patch. Default: those of the image model. */
  readonly size?: PictureSize;
  /** Objects that can be found in a picture. Default 100. */
  readonly detectionTokens?: number;
  /** Blocks that are taken, from the first. Default: all. */
  readonly depth?: number;
  /** Whether blocks have positions of their own. Default false: they begin at random, and the image model has none. */
  readonly midPositions?: boolean;
}

/** The configuration of a new detector on an image transformer, in Hugging Face's form. */
export function yolosConfig(
  { spec }: Pick<TransformerBackbone, 'spec'>,
  { classes, size, detectionTokens = 100, depth = spec.depth, midPositions = false }: YolosConfigOptions,
): Record<string, unknown> {
  return {
    architectures: ['YolosForObjectDetection'],
    model_type: 'yolos',
    hidden_size: spec.width,
    num_hidden_layers: depth,
    num_attention_heads: spec.heads,
    intermediate_size: spec.hidden,
    hidden_act: 'gelu',
    layer_norm_eps: spec.epsilon,
    image_size: size ?? [spec.input.size, spec.input.size],
    patch_size: spec.patch,
    num_channels: spec.input.channels,
    qkv_bias: spec.qkvBias !== 'none',
    num_detection_tokens: detectionTokens,
    use_mid_position_embeddings: midPositions,
    ...(spec.layerScale ? { layerscale_value: spec.layerScaleValue } : {}),
    ...writeLabels(classes),
  };
}
