/**
 * A Deformable DETR (arXiv 2010.04159) on a Swin's maps, with DINO's improvements (arXiv 2203.03605), in numbers: read of a configuration of
 * Hugging Face's `DeformableDetrForObjectDetection` and of five fields of our own, which published configurations do not have.
 */
import { ConfigReader } from '../architectures/config.ts';
import { ConfigError } from '../errors.ts';
import { readLabels } from '../heads/labels.ts';
import { describeSwin, type SwinOptions } from '../swin/config.ts';
import { huggingFaceSwin, type SwinNames } from '../swin/names.ts';
import type { SwinSpec } from '../swin/spec.ts';
import type { PictureSize } from '../yolos/spec.ts';

/** Of the layers of encoder or decoder. */
export interface DinoLayersSpec {
  readonly layers: number;
  readonly heads: number;
  /** Points that a head reads of each level. */
  readonly points: number;
  /** Width of the MLPs' hidden layer. */
  readonly hidden: number;
}

/** A Deformable DETR or DINO in numbers. */
export interface DinoSpec {
  readonly backbone: SwinSpec;
  /** Of encoder and decoder. */
  readonly width: number;
  /** Maps that the encoder has: the backbone's, and more of half the size of the one before. */
  readonly levels: number;
  readonly encoder: DinoLayersSpec;
  readonly decoder: DinoLayersSpec;
  /** Objects that can be found in a picture. */
  readonly queries: number;
  readonly classes: number;
  /** Of the branches of encoder and decoder, while training. */
  readonly dropout: number;
  /** Whether each layer of the decoder begins at the boxes of the one before (`with_box_refine`). */
  readonly refine: boolean;
  /** Whether queries begin at the encoder's best proposals (`two_stage`). */
  readonly twoStage: boolean;
  /** `mixed_query_selection`: of the proposals queries take the boxes alone; their contents are learned (DINO, section 3.4). */
  readonly mixedSelection: boolean;
  /** `look_forward_twice`: the gradient of a layer's boxes goes into the refinement of the layer before, too (section 3.5). */
  readonly lookForwardTwice: boolean;
  /** `box_query_positions`: in each layer the queries' positions come of their boxes (DAB-DETR, arXiv 2201.12329). */
  readonly boxPositions: boolean;
  /** `denoising_queries`: whether there are contents for noised objects (section 3.3). */
  readonly denoising: boolean;
  /** `shared_heads`: all decoder layers are read by one pair of heads. Published: without refinement. */
  readonly sharedHeads: boolean;
}

/** What may be chosen when a Deformable DETR or DINO is loaded or made. */
export type DinoOptions = Pick<SwinOptions, 'dropPath'>;

export interface ReadDino {
  readonly spec: DinoSpec;
  readonly backboneNames: SwinNames;
}

/** Channels are normalised in so many groups. */
export const normGroups = 32;

/** ε of all norms behind the backbone. */
export const normEpsilon = 1e-5;

/** Whether a `config.json` describes a Deformable DETR, with or without DINO's improvements. */
export const isDinoConfig = ({ model_type }: Readonly<Record<string, unknown>>): boolean =>
  model_type === 'deformable_detr';

/** Height and width of the pictures that a detector was saved for, in pixels; undefined where its configuration does not say. */
export function dinoSize({ image_size: size }: Readonly<Record<string, unknown>>): PictureSize | undefined {
  if (!Array.isArray(size) || size.length !== 2) return undefined;
  const [height, width] = size as unknown[];
  return Number.isInteger(height) && Number.isInteger(width) ? [height as number, width as number] : undefined;
}

const backbonePrefix = 'model.backbone.conv_encoder.model.';

/** The stages, from 0, of `out_features`: `['stage2', 'stage3', 'stage4']`. */
function featuresOf(backbone: ConfigReader): number[] {
  const { out_features: names } = backbone.json;
  const stages = Array.isArray(names) ? names.map((name) => /^stage([1-9]\d*)$/.exec(String(name))?.[1]) : [];
  if (stages.length === 0 || stages.includes(undefined))
    throw new ConfigError(
      `${backbone.where}: out_features is ${JSON.stringify(names)}; it must be a list of stages, as ["stage2", "stage3", "stage4"].`,
    );
  return stages.map((stage) => Number(stage) - 1);
}

function layersOf(config: ConfigReader, side: 'encoder' | 'decoder', width: number): DinoLayersSpec {
  const heads = config.count(`${side}_attention_heads`, 8);
  if (width % heads !== 0)
    throw new ConfigError(
      `${config.where}: ${side}_attention_heads is ${heads}, which does not divide d_model ${width}; change one of them.`,
    );
  return {
    heads,
    layers: config.count(`${side}_layers`, 6),
    points: config.count(`${side}_n_points`, 4),
    hidden: config.count(`${side}_ffn_dim`, 1024),
  };
}

/** Fields that need others. */
function checkFields(where: string, spec: DinoSpec): void {
  const needs = (has: boolean, field: string, needed: boolean, other: string) => {
    if (has && !needed)
      throw new ConfigError(`${where}: ${field} is true, which needs ${other} to be true, too; set both or neither.`);
  };
  needs(spec.twoStage, 'two_stage', spec.refine, 'with_box_refine');
  needs(spec.lookForwardTwice, 'look_forward_twice', spec.refine, 'with_box_refine');
  needs(spec.boxPositions, 'box_query_positions', spec.twoStage, 'two_stage');
  needs(spec.mixedSelection, 'mixed_query_selection', spec.boxPositions, 'box_query_positions');
  needs(spec.denoising, 'denoising_queries', spec.boxPositions, 'box_query_positions');
}

/** What is published in variants that are not built. */
function requireBuilt(config: ConfigReader): void {
  config.require('model_type', 'deformable_detr', 'it must be deformable_detr');
  config.require('activation_function', 'relu', 'only relu is built');
  config.require('position_embedding_type', 'sine', 'only sine positions are built; set it to "sine"');
  for (const field of ['attention_dropout', 'activation_dropout', 'encoder_layerdrop'])
    config.require(field, 0, 'it is not built; set it to 0 (published weights were made for 0)');
}

/** @throws {ConfigError | ModelOptionError | UnsupportedArchitectureError} */
export function readDinoSpec(
  config: ConfigReader,
  options: DinoOptions = {},
  preprocessor: ConfigReader = new ConfigReader({}),
): ReadDino {
  requireBuilt(config);
  const part = config.part('backbone_config');
  const features = featuresOf(part);
  const facts = { config: part, preprocessor, keys: new Set<string>() };
  const { spec: swin } = describeSwin(facts, { ...options, features });
  const backbone: SwinSpec = { ...swin, rule: 'whole' };
  const width = config.count('d_model', 256);
  if (width % normGroups !== 0)
    throw new ConfigError(
      `${config.where}: d_model is ${width}; it must be a multiple of ${normGroups}, the groups of its norms.`,
    );
  const levels = config.count('num_feature_levels', 4);
  if (levels < features.length)
    throw new ConfigError(
      `${config.where}: num_feature_levels is ${levels}, and backbone_config.out_features names ${features.length} maps; take as many levels at least.`,
    );
  const refine = config.flag('with_box_refine', false);
  const twoStage = config.flag('two_stage', false);
  const spec: DinoSpec = {
    ...{ backbone, width, levels, refine, twoStage },
    encoder: layersOf(config, 'encoder', width),
    decoder: layersOf(config, 'decoder', width),
    queries: twoStage ? config.count('two_stage_num_proposals', 300) : config.count('num_queries', 300),
    classes: readLabels(config.json)?.length ?? config.count('num_labels'),
    dropout: config.number('dropout', 0.1),
    mixedSelection: config.flag('mixed_query_selection', false),
    lookForwardTwice: config.flag('look_forward_twice', false),
    boxPositions: config.flag('box_query_positions', false),
    denoising: config.flag('denoising_queries', false),
    sharedHeads: config.flag('shared_heads', !refine),
  };
  checkFields(config.where, spec);
  return { spec, backboneNames: huggingFaceSwin(backbonePrefix) };
}
