/** The parameters of a YOLOS: name, place in a `YolosForObjectDetection`, first value, layer. */
import { convolutionWeight, type Layout, linearWeight, plain } from '../checkpoint/layout.ts';
import { huggingFaceNames } from '../transformer/names.ts';
import { type PlannedParameter, planBlock } from '../transformer/plan.ts';
import { type YolosSpec, yolosTokens } from './spec.ts';

const names = huggingFaceNames({ prefix: 'vit.' });

/** One tensor there, [blocks − 1, 1, tokens, width]; here a parameter each block but the first. */
export const midPositionsKey = 'vit.encoder.mid_position_embeddings';

/** Logits of the detection tokens' own boxes. */
export const references = 'head.reference';

/** The parameter of a block's own positions. */
export const midPosition = (block: number): string => `blocks.${block}.position`;

type Planned = Omit<PlannedParameter, 'layer'>;

/** Three linear layers with ReLU between them. */
function network(
  name: string,
  key: string,
  width: number,
  outputs: number,
  last: PlannedParameter['initial'] = 'uniform',
): Planned[] {
  const widths = [width, width, width, outputs];
  return widths.slice(1).flatMap((out, i): Planned[] => [
    {
      name: `${name}.${i}.weight`,
      layout: linearWeight(`${key}.layers.${i}.weight`, widths[i]!, out),
      initial: i === 2 ? last : 'uniform',
    },
    { name: `${name}.${i}.bias`, layout: plain(`${key}.layers.${i}.bias`, [out]), initial: 0 },
  ]);
}

function planStem(spec: YolosSpec): Planned[] {
  const { width, patch, input, detectionTokens } = spec;
  const table = (name: string, key: string, places: number): Planned => ({
    name,
    layout: plain(key, [1, places, width]),
    initial: 'normal',
  });
  const weight = convolutionWeight(`${names.patch}.weight`, input.channels, width, [patch, patch]);
  return [
    { name: 'stem.patch.weight', layout: weight, initial: 'normal' },
    { name: 'stem.patch.bias', layout: plain(`${names.patch}.bias`, [width]), initial: 0 },
    table('stem.class', names.tokens.class, 1),
    table('stem.detection', 'vit.embeddings.detection_tokens', detectionTokens),
    table('stem.position', names.position, yolosTokens(spec)),
  ];
}

function planOne(spec: YolosSpec, i: number): Planned[] {
  const own: Layout = plain(null, [1, yolosTokens(spec), spec.width]);
  const position: Planned[] =
    spec.midPositions && i > 0 ? [{ name: midPosition(i), layout: own, initial: 'normal' }] : [];
  return [...position, ...planBlock(spec, names.block(i), `blocks.${i}`)];
}

/** Every parameter, in the order in which the network uses them. Layer 0 is the stem, `depth` + 1 what comes after the blocks. */
export function planYolos(spec: YolosSpec): PlannedParameter[] {
  const { width, classes, depth, detectionTokens, referenceBoxes } = spec;
  const norm: Planned[] = [
    { name: 'norm.gain', layout: plain(`${names.norm}.weight`, [width]), initial: 1 },
    { name: 'norm.bias', layout: plain(`${names.norm}.bias`, [width]), initial: 0 },
  ];
  const head = [
    ...network('head.class', 'class_labels_classifier', width, classes + 1),
    // From zero: a token's first box is its reference.
    ...network('head.box', 'bbox_predictor', width, 4, referenceBoxes ? 0 : 'uniform'),
    ...(referenceBoxes
      ? [{ name: references, layout: plain('reference_boxes', [1, detectionTokens, 4]), initial: 0 } as const]
      : []),
  ];
  const layers = [planStem(spec), ...Array.from({ length: depth }, (_, i) => planOne(spec, i)), [...norm, ...head]];
  return layers.flatMap((planned, layer) => planned.map((parameter) => ({ ...parameter, layer })));
}
