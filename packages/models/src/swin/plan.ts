/** The parameters of a Swin: name, place in the checkpoint, first value, layer. In the order stem, stages with their merging, norms. */
import { convolutionWeight, linearWeight, plain } from '../checkpoint/layout.ts';
import { type PlannedParameter, planBlock, planNorm } from '../transformer/plan.ts';
import type { SwinNames } from './names.ts';
import { blocksBefore, type SwinSpec, stageBlocks, swinDepth } from './spec.ts';

type Planned = Omit<PlannedParameter, 'layer'>;

function planStem({ input, patch, stages }: SwinSpec, names: SwinNames): Planned[] {
  const width = stages[0]!.width;
  const weight = convolutionWeight(`${names.patch}.weight`, input.channels, width, [patch, patch]);
  return [
    { name: 'stem.patch.weight', layout: weight, initial: 'normal' },
    { name: 'stem.patch.bias', layout: plain(`${names.patch}.bias`, [width]), initial: 0 },
    ...planNorm('stem.norm', names.patchNorm, width),
  ];
}

function planStageBlock(spec: SwinSpec, names: SwinNames, s: number, i: number): Planned[] {
  const stage = spec.stages[s]!;
  const [own, name] = [names.block(s, i), `stages.${s}.blocks.${i}`];
  return [
    ...planBlock(stageBlocks(spec, stage), own, name),
    {
      name: `${name}.attention.table`,
      layout: plain(own.table, [(2 * stage.window - 1) ** 2, stage.heads]),
      initial: 'normal',
    },
  ];
}

function planMerge({ stages }: SwinSpec, names: SwinNames, s: number): Planned[] {
  const [from, to] = [stages[s]!.width, stages[s + 1]!.width];
  const keys = names.merge(s);
  return [
    ...planNorm(`stages.${s}.merge.norm`, keys.norm, 4 * from),
    { name: `stages.${s}.merge.reduction`, layout: linearWeight(keys.reduction, 4 * from, to), initial: 'normal' },
  ];
}

/** Those of the features' norms, which published backbones need not have. */
export function planFeatures({ stages, features }: SwinSpec, names: SwinNames): Planned[] {
  return features.flatMap((s) => planNorm(`features.${s}.norm`, names.feature(s), stages[s]!.width));
}

const at = (layer: number, planned: Planned[]): PlannedParameter[] =>
  planned.map((parameter) => ({ ...parameter, layer }));

/** Those of stem, stages and features. Layer 0 is the stem, 1 … depth the blocks (a merging belongs to the block before it), depth + 1 the norms. */
export function planSwinMaps(spec: SwinSpec, names: SwinNames): PlannedParameter[] {
  const stages = spec.stages.flatMap(({ depth }, s) => {
    const before = blocksBefore(spec, s);
    return [
      ...Array.from({ length: depth }, (_, i) => at(before + i + 1, planStageBlock(spec, names, s, i))).flat(),
      ...(s < spec.stages.length - 1 ? at(before + depth, planMerge(spec, names, s)) : []),
    ];
  });
  return [...at(0, planStem(spec, names)), ...stages, ...at(swinDepth(spec) + 1, planFeatures(spec, names))];
}

/** Every parameter. */
export function planSwin(spec: SwinSpec, names: SwinNames): PlannedParameter[] {
  const norm = at(swinDepth(spec) + 1, planNorm('norm', names.norm, spec.stages.at(-1)!.width));
  const maps = planSwinMaps(spec, names);
  const features = maps.findIndex(({ name }) => name.startsWith('features.'));
  const before = features < 0 ? maps.length : features;
  return [...maps.slice(0, before), ...norm, ...maps.slice(before)];
}
