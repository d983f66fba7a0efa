/** A PointViT segmenter in numbers (Pix4Point, arXiv 2208.12259), from an OpenPoints configuration as JSON. */
import { ConfigReader } from '../architectures/config.ts';
import { requireHeads } from '../architectures/hugging-face.ts';
import { ConfigError } from '../errors.ts';
import type { BlocksSpec } from '../transformer/spec.ts';

/** What a neighbour brings besides its position from the centre: its features, or their differences from the centre's. */
export type NeighbourFeatures = 'dp_fj' | 'dp_df';

/** Where the position embedding goes: before every block, on the skip path too or inside the branch, or once before the first. */
export type PositionShift = 'skip' | 'branch' | 'once';

/** A PointViT segmenter in numbers. */
export interface PointSpec extends BlocksSpec {
  /** Features of a point. */
  readonly channels: number;
  readonly embed: {
    /** P3Embed: `stages` times a fourth of the points, its width doubling; otherwise one stage of all. */
    readonly progressive: boolean;
    readonly stages: number;
    /** Points that one stage leaves of so many. */
    readonly ratio: number;
    readonly features: NeighbourFeatures;
    readonly size: number;
    /** null: the nearest neighbours; otherwise those within the radius. */
    readonly radius: number | null;
    /** Linear layers of a stage. */
    readonly layers: number;
  };
  readonly shift: PositionShift;
  readonly decoder: {
    /** Skips from every stage of the embedding, at its points; otherwise from the input alone. */
    readonly progressive: boolean;
    readonly stages: number;
    /** Points that a stage has more than the next, where it is not progressive. */
    readonly scale: number;
    /** Linear layers of a stage. */
    readonly layers: number;
    readonly globals: readonly ('cls' | 'max')[];
  };
  readonly head: { readonly hidden: readonly number[]; readonly dropout: number; readonly classes: number };
}

/** Widths of the embedding's stages, first to last. */
export function stageWidths({ width, embed }: PointSpec): number[] {
  return Array.from({ length: embed.stages }, (_, i) => width / 2 ** (embed.stages - 1 - i));
}

/** What a part says when it says nothing is batch normalisation there, which is not built: so it must say what it has. */
function requireNorm(part: ConfigReader, norm: string): void {
  const args = part.part('norm_args');
  const name = args.text('norm', 'bn');
  if (name !== norm) throw new ConfigError(`${args.where}: norm is ${name}; only ${norm} is built.`);
}

function requireActivation(part: ConfigReader, act: string): void {
  part.part('act_args').require('act', act, `only ${act} is built`);
}

function list<T extends string>(config: ConfigReader, field: string, known: readonly T[]): T[] {
  const names = config.text(field, '').split(',').filter(Boolean);
  return names.map((name) => {
    const found = known.find((value) => value === name);
    if (!found) throw new ConfigError(`${config.where}: ${field} has ${name}; it must be of ${known.join(', ')}.`);
    return found;
  });
}

function readEmbed(encoder: ConfigReader, width: number): PointSpec['embed'] {
  const embed = encoder.part('embed_args');
  const name = embed.text('NAME', 'PointPatchEmbed');
  const progressive = name === 'P3Embed';
  if (!progressive && name !== 'PointPatchEmbed')
    throw new ConfigError(`${embed.where}: NAME is ${name}; it must be P3Embed or PointPatchEmbed.`);
  embed.require('subsample', 'fps', 'only farthest point sampling (fps) is built');
  embed.require('normalize_dp', false, 'positions that are normalised by the group are not built');
  embed.require('reduction', 'max', 'only the maximum over neighbours is built');
  embed.require('relative_xyz', true, "only positions from the group's centre are built");
  embed.require('scale', 4, 'only stages that keep a fourth are built');
  embed.require('channels', null, 'only widths that follow from embed_dim are built');
  requireNorm(embed, 'ln2d');
  requireActivation(embed, 'relu');
  embed.part('conv_args').require('order', 'conv-norm-act', 'only conv-norm-act is built');
  const features = embed.text('feature_type', 'dp_df');
  if (features !== 'dp_df' && features !== 'dp_fj')
    throw new ConfigError(`${embed.where}: feature_type is ${features}; it must be dp_df or dp_fj.`);
  const group = embed.text('group', 'ballquery');
  if (group !== 'knn' && group !== 'ballquery')
    throw new ConfigError(`${embed.where}: group is ${group}; it must be knn or ballquery.`);
  const layers = embed.count('layers', 4);
  if (layers < 2 || layers % 2 !== 0) throw new ConfigError(`${embed.where}: layers is ${layers}; it must be even.`);
  const ratio = embed.number('sample_ratio', 0.0625);
  if (!(ratio > 0 && ratio <= 1))
    throw new ConfigError(`${embed.where}: sample_ratio is ${ratio}; choose 0 < ratio ≤ 1.`);
  const stages = progressive ? Math.floor(Math.log(1 / ratio) / Math.log(4) + 1e-9) : 1;
  if (stages < 1) throw new ConfigError(`${embed.where}: sample_ratio is ${ratio}; P3Embed needs a fourth or less.`);
  if (width % 2 ** (stages - 1) !== 0)
    throw new ConfigError(
      `${encoder.where}: embed_dim is ${width}; it must be a multiple of ${2 ** (stages - 1)}, from which ${stages} stages double.`,
    );
  return {
    progressive,
    stages,
    ratio: progressive ? 1 / 4 : ratio,
    features,
    size: embed.count('group_size', 32),
    radius: group === 'ballquery' ? embed.number('radius', 0.1) : null,
    layers,
  };
}

function readDecoder(decoder: ConfigReader, embed: PointSpec['embed']): PointSpec['decoder'] {
  decoder.require('NAME', 'PointViTDecoder', 'only PointViTDecoder is built');
  decoder.require('channel_scaling', 1, 'a decoder whose width changes is not built');
  decoder.require('sampler', 'fps', 'only farthest point sampling (fps) is built');
  const progressive = decoder.flag('progressive_input', false);
  if (progressive && !embed.progressive)
    throw new ConfigError(`${decoder.where}: progressive_input is true; it needs P3Embed.`);
  if (progressive) decoder.require('n_decoder_stages', embed.stages, `P3Embed has ${embed.stages} stages`);
  return {
    progressive,
    stages: progressive ? embed.stages : decoder.count('n_decoder_stages', 2),
    scale: decoder.count('scale', 4),
    layers: decoder.count('decoder_layers', 2),
    globals: list(decoder, 'global_feat', ['cls', 'max'] as const),
  };
}

function readHead(head: ConfigReader, inputs: number): PointSpec['head'] {
  head.require('NAME', 'SegHead', 'only SegHead is built');
  head.require('global_feat', null, "only the decoder's global features are built");
  requireNorm(head, 'ln1d');
  requireActivation(head, 'relu');
  const hidden = head.numbers('mlps', [inputs]);
  const wrong = hidden.find((width) => !Number.isInteger(width) || width < 1);
  if (wrong !== undefined)
    throw new ConfigError(`${head.where}: mlps has ${wrong}; widths must be whole numbers of at least 1.`);
  return { hidden, dropout: head.number('dropout', 0.5), classes: head.count('num_classes') };
}

/**
 * The numbers of a segmenter, from an OpenPoints configuration.
 * @throws {ConfigError} for what is missing or not built
 */
export function readPointSpec(config: ConfigReader): PointSpec {
  const model = config.part('model');
  model.require('NAME', 'BaseSeg', 'only the segmenter BaseSeg is built');
  const encoder = model.part('encoder_args');
  encoder.require('NAME', 'PointViT', 'only PointViT is built');
  encoder.require('distill', false, 'distillation tokens are not built');
  encoder.require('attn_drop_rate', 0, 'dropout of the attention is not built');
  encoder.part('norm_args').require('norm', 'ln', 'only ln is built');
  requireActivation(encoder, 'gelu');
  const width = encoder.count('embed_dim', 384);
  const heads = encoder.count('num_heads', 6);
  requireHeads(encoder, width, heads);
  const embed = readEmbed(encoder, width);
  const shift = encoder.flag('add_pos_each_block', true) ? 'skip' : 'once';
  const dropout = encoder.number('drop_rate', 0);
  if (shift === 'once' && dropout !== 0)
    throw new ConfigError(`${encoder.where}: drop_rate is ${dropout}; it is built with add_pos_each_block alone.`);
  // Fields that the decoder does not say are the encoder's.
  const decoder = readDecoder(
    new ConfigReader({ ...encoder.json, ...model.part('decoder_args').json }, `${model.where}: decoder_args`),
    embed,
  );
  return {
    width,
    heads,
    depth: encoder.count('depth', 12),
    hidden: Math.floor(width * encoder.number('mlp_ratio', 4)),
    epsilon: encoder.part('norm_args').number('eps', 1e-6),
    qkvBias: encoder.flag('qkv_bias', false) ? 'qkv' : 'none',
    layerScale: encoder.has('init_values'),
    layerScaleValue: encoder.number('init_values', 1),
    dropout,
    dropPath: encoder.number('drop_path_rate', 0),
    channels: encoder.count('in_channels', 3),
    embed,
    shift,
    decoder,
    head: readHead(model.part('cls_args'), width * (1 + decoder.globals.length)),
  };
}
