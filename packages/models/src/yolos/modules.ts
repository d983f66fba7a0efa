/** The modules of a YOLOS from its parameters. */
import type { SubBlock } from '@dr2net/core';
import {
  type InputLayer,
  inputSequential,
  LayerNorm,
  Linear,
  PatchEmbed,
  PositionEmbedding,
  PrefixTokens,
  positioned,
  Relu,
  SuffixTokens,
  sequential,
} from '@dr2net/layers';
import type { Differentiable } from '@dr2net/ops';
import { assembleBlock, blockDropPath, type Take } from '../transformer/assemble.ts';
import { midPosition, references } from './plan.ts';
import type { YolosSpec } from './spec.ts';

export interface YolosModules {
  /** Pixels [batch, height, width, channels] → tokens [batch, 1 + patches + detections, width] */
  readonly stem: InputLayer;
  readonly subBlocks: readonly SubBlock[];
  readonly norm: Differentiable;
  /** Detection tokens [batch, detections, width] → logits [batch, detections, classes + 1], the last "no object" */
  readonly classes: Differentiable;
  /** Detection tokens → what a sigmoid makes boxes of [batch, detections, 4] */
  readonly boxes: Differentiable;
}

function network(take: Take, name: string, ...beside: Differentiable[]): Differentiable {
  const linear = (i: number) => new Linear(take(`${name}.${i}.weight`), take(`${name}.${i}.bias`));
  return sequential(name, [linear(0), new Relu(), linear(1), new Relu(), linear(2), ...beside]);
}

export function assembleYolos(spec: YolosSpec, take: Take): YolosModules {
  const blocks = Array.from({ length: spec.depth }, (_, i) => {
    const place = { name: `blocks.${i}`, dropPath: blockDropPath(spec, i) };
    const [attention, mlp] = assembleBlock(spec, take, place);
    return [spec.midPositions && i > 0 ? positioned(attention, take(midPosition(i))) : attention, mlp];
  });
  return {
    stem: inputSequential('the stem', new PatchEmbed(take('stem.patch.weight'), take('stem.patch.bias'), spec.patch), [
      new PrefixTokens([take('stem.class')]),
      new SuffixTokens(take('stem.detection')),
      new PositionEmbedding(take('stem.position')),
    ]),
    subBlocks: blocks.flat(),
    norm: new LayerNorm(take('norm.gain'), take('norm.bias'), spec.epsilon),
    classes: network(take, 'head.class'),
    boxes: network(take, 'head.box', ...(spec.referenceBoxes ? [new PositionEmbedding(take(references))] : [])),
  };
}
