/** The parameters of a transformer: name, place in the checkpoint, first value, layer. In the order stem, blocks, norm. */
import { convolutionWeight, type Layout, linearWeight, plain } from '../checkpoint/layout.ts';
import type { BlockNames, Names, QkvNames } from './names.ts';
import { type BlockSpec, gridSide, type TransformerSpec, timeSteps } from './spec.ts';

/**
 * How a parameter of a new model starts: a truncated normal (σ = 0.02, cut at ±2σ), uniform within ±1/√inputs (a layer [inputs, outputs]
 * of an embedding or decoder of points, as in PointNet++ and OpenPoints), uniform within ±√(6/(inputs + outputs)) (Xavier), the standard
 * normal distribution (embeddings of detection transformers), a constant, or these numbers.
 */
export type Initial = 'normal' | 'uniform' | 'xavier' | 'standard' | number | Float32Array;

export interface PlannedParameter {
  readonly name: string;
  readonly layout: Layout;
  readonly initial: Initial;
  /** 0 the stem, 1 … depth the blocks, depth + 1 the norm. */
  readonly layer: number;
}

function module(name: string, key: string, weight: Layout, outputs: number): Omit<PlannedParameter, 'layer'>[] {
  return [
    { name: `${name}.weight`, layout: weight, initial: 'normal' },
    { name: `${name}.bias`, layout: plain(`${key}.bias`, [outputs]), initial: 0 },
  ];
}

export function planNorm(name: string, key: string, width: number): Omit<PlannedParameter, 'layer'>[] {
  return [
    { name: `${name}.gain`, layout: plain(`${key}.weight`, [width]), initial: 1 },
    { name: `${name}.bias`, layout: plain(`${key}.bias`, [width]), initial: 0 },
  ];
}

/** One fused tensor of 3·width columns, or three of width columns. */
function fused(names: QkvNames, width: number, part: (key: string | null, columns: number) => Layout): Layout {
  if (names.length === 1) return part(names[0], 3 * width);
  return names.flatMap((key) => part(key, width));
}

function planStem(spec: TransformerSpec, names: Names): Omit<PlannedParameter, 'layer'>[] {
  const { width, patch, tubelet, input, prefix } = spec;
  const side = gridSide(spec);
  const kernel = input.kind === 'video' ? [tubelet, patch, patch] : [patch, patch];
  const weight = convolutionWeight(`${names.patch}.weight`, input.channels, width, kernel);
  const planned = module('stem.patch', names.patch, weight, width);
  for (const token of prefix)
    planned.push({ name: `stem.${token}`, layout: plain(names.tokens[token], [1, 1, width]), initial: 'normal' });
  if (spec.position !== 'sinusoid') {
    const places = prefix.length + side ** 2;
    planned.push({ name: 'stem.position', layout: plain(names.position, [1, places, width]), initial: 'normal' });
  }
  if (spec.position === 'space-time')
    planned.push({ name: 'stem.temporal', layout: plain(names.temporal, [1, timeSteps(spec), width]), initial: 0 });
  return planned;
}

/** The parameters of one block, `name` their prefix here. */
export function planBlock(spec: BlockSpec, block: BlockNames, name: string): Omit<PlannedParameter, 'layer'>[] {
  const { width, hidden } = spec;
  const attention = `${name}.attention`;
  const mlp = `${name}.mlp`;
  const scale = (name: string, key: string): Omit<PlannedParameter, 'layer'>[] =>
    spec.layerScale ? [{ name: `${name}.scale`, layout: plain(key, [width]), initial: spec.layerScaleValue }] : [];
  const qkvWeight = fused(block.qkvWeight, width, (key, columns) => linearWeight(key ?? '', width, columns));
  const qkvBias = fused(block.qkvBias, width, (key, columns) => plain(key, [columns]));
  return [
    ...planNorm(`${attention}.norm`, block.attentionNorm, width),
    { name: `${attention}.qkv.weight`, layout: qkvWeight, initial: 'normal' },
    ...(spec.qkvBias === 'none' ? [] : [{ name: `${attention}.qkv.bias`, layout: qkvBias, initial: 0 }]),
    ...module(
      `${attention}.projection`,
      block.projection,
      linearWeight(`${block.projection}.weight`, width, width),
      width,
    ),
    ...scale(attention, block.attentionScale),
    ...planNorm(`${mlp}.norm`, block.mlpNorm, width),
    ...module(`${mlp}.expand`, block.expand, linearWeight(`${block.expand}.weight`, width, hidden), hidden),
    ...module(`${mlp}.contract`, block.contract, linearWeight(`${block.contract}.weight`, hidden, width), width),
    ...scale(mlp, block.mlpScale),
  ];
}

/** Every parameter of the backbone. */
export function planParameters(spec: TransformerSpec, names: Names): PlannedParameter[] {
  const layers = [planStem(spec, names)];
  for (let i = 0; i < spec.depth; i++) layers.push(planBlock(spec, names.block(i), `blocks.${i}`));
  layers.push(spec.norm ? planNorm('norm', names.norm, spec.width) : []);
  return layers.flatMap((planned, layer) => planned.map((parameter) => ({ ...parameter, layer })));
}
