/** What is predicted and measured: models, shapes, methods, optimizers, small enough that a sweep takes minutes. */
import type { Coefficients, Method } from '@dr2net/core';
import type { PlannedOptimizer } from '@dr2net/memory';
import { segmenterConfig, transformerSpec } from '@dr2net/models';

const videomae = (width: number, depth: number, input: { frames: number; size: number }, heads = 4) => ({
  model_type: 'videomae',
  hidden_size: width,
  num_hidden_layers: depth,
  num_attention_heads: heads,
  intermediate_size: 4 * width,
  image_size: input.size,
  patch_size: 8,
  num_frames: input.frames,
  tubelet_size: 2,
});

const inflated = (type: string, width: number, depth: number, frames: number, size: number, patch: number) => ({
  model_type: 'dr2net-inflated-vit',
  num_frames: frames,
  tubelet_size: 2,
  image_model: {
    model_type: type,
    hidden_size: width,
    num_hidden_layers: depth,
    num_attention_heads: 3,
    intermediate_size: 4 * width,
    image_size: size,
    patch_size: patch,
  },
});

/** What is trained: a `config.json`, and of a segmenter the points of a cloud. */
export interface PlanModel {
  readonly config: Readonly<Record<string, unknown>>;
  readonly points?: number;
}

export const classes = Array.from({ length: 10 }, (_, i) => `class ${i}`);
/** Features of a point. */
export const channels = 1;

/** A segmenter around DINOv2's blocks. */
function segmenter(width: number, depth: number, points: number, groupSize: number): PlanModel {
  const { image_model } = inflated('dinov2', width, depth, 2, 28, 14);
  const spec = transformerSpec(image_model);
  return { config: segmenterConfig({ spec }, { classes: classes.length, channels, groupSize }), points };
}

/** By name; tokens or points in the name. */
export const models: Readonly<Record<string, PlanModel>> = {
  'videomae-w128-d4-t256': { config: videomae(128, 4, { frames: 8, size: 64 }) },
  'videomae-w192-d6-t128': { config: videomae(192, 6, { frames: 4, size: 64 }) },
  'videomae-w64-d3-t1024': { config: videomae(64, 3, { frames: 8, size: 128 }, 2) },
  'dinov2-w192-d4-t129': { config: inflated('dinov2', 192, 4, 4, 112, 14) },
  'deit-w96-d8-t130': { config: inflated('deit', 96, 8, 4, 64, 8) },
  'videomae-w256-d2-t64': { config: videomae(256, 2, { frames: 8, size: 32 }) },
  'points-w96-d4-n2048': segmenter(96, 4, 2048, 16),
  'points-w192-d4-n4096': segmenter(192, 4, 4096, 32),
  'points-w384-d2-n16384': segmenter(384, 2, 16384, 32),
};

const exact: Coefficients = { alpha: 63 / 64, beta: 1 / 64 };
const half: Coefficients = { alpha: 0.5, beta: 0.5 };
const backwards: Coefficients = { alpha: 0.1, beta: 0.9 };
const pretrained: Coefficients = { alpha: 1, beta: 0 };

/** Methods with the coefficients that they run at, by name. */
export const methods: Readonly<Record<string, { readonly method: Method; readonly coefficients: Coefficients }>> = {
  conventional: { method: { name: 'conventional' }, coefficients: pretrained },
  checkpoint: { method: { name: 'checkpoint' }, coefficients: pretrained },
  'checkpoint-3': { method: { name: 'checkpoint', every: 3 }, coefficients: pretrained },
  frozen: { method: { name: 'frozen' }, coefficients: pretrained },
  reversible: { method: { name: 'reversible' }, coefficients: backwards },
  'reversible-anchors-3': { method: { name: 'reversible', anchors: 3 }, coefficients: backwards },
  exact: { method: { name: 'exact' }, coefficients: exact },
  'exact-half': { method: { name: 'exact' }, coefficients: half },
};

export interface PlanSetting {
  readonly backend: string;
  readonly model: string;
  readonly method: string;
  readonly batch: number;
  readonly optimizer: PlannedOptimizer;
  readonly update: 'collect' | 'sink';
  readonly accumulate: number;
  readonly chunks: number;
  readonly ema: boolean;
}

type Choice = Pick<PlanSetting, 'model' | 'method' | 'batch'> & Partial<PlanSetting>;

const four = ['conventional', 'checkpoint', 'reversible', 'exact'];
const each = (model: string, batch: number, list = four): Choice[] => list.map((method) => ({ model, method, batch }));

const choices: readonly Choice[] = [
  ...each('videomae-w128-d4-t256', 2),
  ...each('videomae-w192-d6-t128', 2),
  ...each('videomae-w64-d3-t1024', 1),
  ...each('dinov2-w192-d4-t129', 2),
  ...each('deit-w96-d8-t130', 4),
  { model: 'videomae-w128-d4-t256', method: 'frozen', batch: 2 },
  { model: 'videomae-w192-d6-t128', method: 'checkpoint-3', batch: 4 },
  { model: 'deit-w96-d8-t130', method: 'reversible-anchors-3', batch: 4 },
  { model: 'deit-w96-d8-t130', method: 'exact-half', batch: 4 },
  { model: 'videomae-w256-d2-t64', method: 'conventional', batch: 8, optimizer: 'sgd' },
  { model: 'videomae-w256-d2-t64', method: 'exact', batch: 8, update: 'sink' },
  { model: 'videomae-w192-d6-t128', method: 'reversible', batch: 2, optimizer: 'plain-sgd', update: 'sink' },
  { model: 'dinov2-w192-d4-t129', method: 'exact', batch: 1, accumulate: 2 },
  { model: 'videomae-w256-d2-t64', method: 'checkpoint', batch: 8, ema: true },
  { model: 'videomae-w128-d4-t256', method: 'reversible', batch: 2, chunks: 4 },
  { model: 'videomae-w192-d6-t128', method: 'exact', batch: 4, chunks: 4 },
  { model: 'deit-w96-d8-t130', method: 'conventional', batch: 4, chunks: 16 },
  ...each('points-w96-d4-n2048', 2),
  { model: 'points-w96-d4-n2048', method: 'frozen', batch: 2 },
  { model: 'points-w192-d4-n4096', method: 'conventional', batch: 1, optimizer: 'sgd' },
  { model: 'points-w192-d4-n4096', method: 'exact', batch: 2, update: 'sink' },
  { model: 'points-w192-d4-n4096', method: 'exact', batch: 1, accumulate: 2, chunks: 4 },
  { model: 'points-w384-d2-n16384', method: 'reversible', batch: 1 },
];

export function planSettings(backend: string): PlanSetting[] {
  return choices.map((choice) => ({
    ...{ backend, optimizer: 'adamw', update: 'collect', accumulate: 1, chunks: 1, ema: false },
    ...choice,
  }));
}

/** A name for people and for files. */
export function nameOf({ model, method, batch, optimizer, update, accumulate, chunks, ema }: PlanSetting): string {
  const extras = [
    ...(optimizer === 'adamw' ? [] : [optimizer]),
    ...(update === 'sink' ? ['sink'] : []),
    ...(accumulate > 1 ? [`accumulate${accumulate}`] : []),
    ...(chunks > 1 ? [`chunks${chunks}`] : []),
    ...(ema ? ['ema'] : []),
  ];
  return [model, `b${batch}`, method, ...extras].join('-');
}
