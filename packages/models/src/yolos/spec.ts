/** YOLOS in numbers (arXiv 2106.00666): a vision transformer with detection tokens, and two small networks that read them. */
import type { ConfigReader } from '../architectures/config.ts';
import { blockNumbers, imagenetMean, imagenetStd, normalisation } from '../architectures/hugging-face.ts';
import { ConfigError, ModelOptionError } from '../errors.ts';
import { readLabels } from '../heads/labels.ts';
import type { BlocksSpec } from '../transformer/spec.ts';

/** Height and width of the picture, pixels. */
export type PictureSize = readonly [height: number, width: number];

/** A YOLOS in numbers. */
export interface YolosSpec extends BlocksSpec {
  /** What the stem takes: pixels [batch, height, width, channels], normalised by mean and std (of values in 0 … 1). */
  readonly input: {
    readonly size: PictureSize;
    readonly channels: number;
    readonly mean: readonly number[];
    readonly std: readonly number[];
  };
  /** Pixels of a patch a side. */
  readonly patch: number;
  readonly detectionTokens: number;
  /** Whether every block but the first has learned positions of its own. */
  readonly midPositions: boolean;
  /** Whether each detection token's box is told beside a learned one of its own (reference-boxes.ts). */
  readonly referenceBoxes: boolean;
  /** Without the class "no object", which the classifier has last. */
  readonly classes: number;
}

/** What may be chosen when a YOLOS is loaded or made. */
export interface YolosOptions {
  /** Height and width in pixels; the learned positions are resampled to it. Default: the checkpoint's. */
  readonly size?: PictureSize;
  /** Keep the first blocks (and the final norm). Default: all. */
  readonly depth?: number;
  /** Stochastic depth of the last block while training; rises linearly from 0 at the first. Default: the model's. */
  readonly dropPath?: number;
}

/** Patches down and across. */
export function gridOf({ patch }: Pick<YolosSpec, 'patch'>, [height, width]: PictureSize): [number, number] {
  return [height / patch, width / patch];
}

/** Tokens of a picture: the class token, patches, detection tokens. */
export function yolosTokens(spec: YolosSpec): number {
  const [down, across] = gridOf(spec, spec.input.size);
  return 1 + down * across + spec.detectionTokens;
}

/** @throws {ModelOptionError} for a side that is no multiple of the patch */
export function checkSize([height, width]: PictureSize, patch: number): PictureSize {
  for (const [name, pixels] of [
    ['height', height],
    ['width', width],
  ] as const)
    if (!Number.isSafeInteger(pixels) || pixels < patch || pixels % patch !== 0) {
      const below = Math.max(1, Math.floor(pixels / patch)) * patch;
      throw new ModelOptionError(
        `size ${height}×${width} does not fit: its ${name} must be a multiple of the patch size ${patch}; the nearest are ${below} and ${below + patch}.`,
      );
    }
  return [height, width];
}

/** A number for both sides, or [height, width]; what is beyond the last whole patch is not read (1333 of YOLOS-Ti is 1328). */
function readSize(config: ConfigReader, patch: number): PictureSize {
  const whole = (pixels: number) => Math.max(1, Math.floor(pixels / patch)) * patch;
  if (typeof config.json.image_size === 'number') {
    const side = whole(config.count('image_size'));
    return [side, side];
  }
  const [height, width, ...more] = config.numbers('image_size', [512, 864]);
  if (height === undefined || width === undefined || more.length > 0)
    throw new ConfigError(`${config.where}: image_size has ${more.length + 2} numbers; height and width are needed.`);
  return [whole(height), whole(width)];
}

export interface ReadYolos {
  readonly spec: YolosSpec;
  /** Height and width for which the checkpoint's positions are. */
  readonly published: PictureSize;
  /** Blocks of the checkpoint. */
  readonly publishedDepth: number;
}

/**
 * The numbers of a `YolosForObjectDetection`; `layerscale_value`, for the blocks of a DINOv2, and `use_reference_boxes` are ours.
 * @throws {ConfigError | ModelOptionError}
 */
export function readYolosSpec(
  config: ConfigReader,
  { size, depth, dropPath }: YolosOptions = {},
  preprocessor: ConfigReader = config,
): ReadYolos {
  config.require('model_type', 'yolos', 'it must be yolos');
  const patch = config.count('patch_size', 16);
  const published = checkSize(readSize(config, patch), patch);
  const channels = config.count('num_channels', 3);
  const hidden = config.count('intermediate_size', 4 * config.count('hidden_size'));
  const labels = readLabels(config.json);
  const midPositions = config.flag('use_mid_position_embeddings', true);
  const facts = { config, preprocessor, keys: new Set<string>() };
  const spec: YolosSpec = {
    ...blockNumbers(
      config,
      { ...(depth !== undefined && { depth }), ...(dropPath !== undefined && { dropPath }) },
      hidden,
    ),
    epsilon: config.number('layer_norm_eps', 1e-12),
    qkvBias: config.flag('qkv_bias', true) ? 'qkv' : 'none',
    layerScale: config.has('layerscale_value'),
    layerScaleValue: config.number('layerscale_value', 1),
    input: {
      size: checkSize(size ?? published, patch),
      channels,
      ...normalisation(facts, channels, imagenetMean, imagenetStd),
    },
    patch,
    detectionTokens: config.count('num_detection_tokens', 100),
    midPositions,
    referenceBoxes: config.flag('use_reference_boxes', false),
    classes: labels?.length ?? config.count('num_labels'),
  };
  return { spec, published, publishedDepth: config.count('num_hidden_layers') };
}
