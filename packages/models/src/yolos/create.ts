/** New detectors on the blocks of an image transformer (YOLOS, arXiv 2106.00666, section 3.2). */
import { tensor } from '@tensorflow/tfjs-core';
import { ConfigReader } from '../architectures/config.ts';
import { writeLabels } from '../heads/labels.ts';
import { initialise } from '../initial.ts';
import type { TransformerBackbone } from '../transformer/transformer-backbone.ts';
import { YolosDetector } from './detector.ts';
import { planYolos, references } from './plan.ts';
import { referenceBoxes } from './reference-boxes.ts';
import { checkSize, type PictureSize, readYolosSpec, type YolosOptions } from './spec.ts';
import { changed } from './store.ts';
import { requireFit, transplant } from './transplant.ts';

/** How a new YOLOS begins. */
export interface NewYolosOptions extends YolosOptions {
  /** A vision transformer of the same blocks: the new one starts with its patches, class token, positions, blocks and norm; borrowed, copied. */
  readonly blocks?: TransformerBackbone;
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
  if (blocks) requireFit(read.spec, blocks);
  const parameters = initialise(planYolos(read.spec), seed);
  try {
    const { detectionTokens, input: own } = read.spec;
    parameters.get(references)?.assign(tensor(referenceBoxes(detectionTokens, own.size), [1, detectionTokens, 4]));
    if (blocks) await transplant(parameters, read, blocks);
    const input = blocks ? { mean: blocks.input.mean, std: blocks.input.std } : {};
    const spec = { ...read.spec, input: { ...read.spec.input, ...input } };
    return new YolosDetector({ spec, config: changed(config, read), parameters, fresh: true });
  } catch (error) {
    for (const parameter of parameters.values()) parameter.dispose();
    throw error;
  }
}

/** The sizes of a new YOLOS. */
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
  /** Whether each detection token has a box of its own that it begins at (reference-boxes.ts). Default true. */
  readonly referenceBoxes?: boolean;
}

/**
 * The configuration of a new detector on an image transformer, in Hugging Face's form.
 * @throws ModelOptionError for a side that is no multiple of the patch
 */
export function yolosConfig(
  { spec }: Pick<TransformerBackbone, 'spec'>,
  {
    classes,
    size,
    detectionTokens = 100,
    depth = spec.depth,
    midPositions = false,
    referenceBoxes: ofTheirOwn = true,
  }: YolosConfigOptions,
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
    image_size: size ? checkSize(size, spec.patch) : [spec.input.size, spec.input.size],
    patch_size: spec.patch,
    num_channels: spec.input.channels,
    qkv_bias: spec.qkvBias !== 'none',
    num_detection_tokens: detectionTokens,
    use_mid_position_embeddings: midPositions,
    use_reference_boxes: ofTheirOwn,
    ...(spec.layerScale ? { layerscale_value: spec.layerScaleValue } : {}),
    ...writeLabels(classes),
  };
}
