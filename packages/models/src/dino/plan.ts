/** The parameters of a Deformable DETR or DINO: name, place in the published checkpoint, first value as published, layer. */
import { initialOffsets } from '@dr2net/layers';
import { convolutionWeight, type Layout, linearWeight, plain } from '../checkpoint/layout.ts';
import { planSwinMaps } from '../swin/plan.ts';
import { swinDepth } from '../swin/spec.ts';
import { type Initial, type PlannedParameter, planNorm } from '../transformer/plan.ts';
import type { DinoLayersSpec, DinoSpec, ReadDino } from './spec.ts';

type Planned = Omit<PlannedParameter, 'layer'>;

/** What the parameters of the backbone are named with. */
export const backboneName = 'backbone.';

/** Sigmoid of it is 0.01: so many queries are taken for an object at the beginning (focal loss, arXiv 1708.02002, section 3.3). */
const rareBias = -Math.log(99);

interface LinearPlan {
  readonly weight?: Initial;
  readonly bias?: Initial;
}

function linear(
  name: string,
  key: string,
  [inputs, outputs]: readonly [number, number],
  first: LinearPlan = {},
): Planned[] {
  return [
    {
      name: `${name}.weight`,
      layout: linearWeight(`${key}.weight`, inputs, outputs),
      initial: first.weight ?? 'xavier',
    },
    { name: `${name}.bias`, layout: plain(`${key}.bias`, [outputs]), initial: first.bias ?? 0 },
  ];
}

const table = (name: string, key: string, shape: readonly number[]): Planned => ({
  name,
  layout: plain(key, shape),
  initial: 'standard',
});

function planDeformable(
  name: string,
  key: string,
  { width, levels }: DinoSpec,
  { heads, points }: DinoLayersSpec,
): Planned[] {
  const each = heads * levels * points;
  const ring = initialOffsets(heads, levels, points);
  return [
    ...linear(`${name}.offsets`, `${key}.sampling_offsets`, [width, 2 * each], { weight: 0, bias: ring }),
    ...linear(`${name}.weights`, `${key}.attention_weights`, [width, each], { weight: 0 }),
    ...linear(`${name}.value`, `${key}.value_proj`, [width, width]),
    ...linear(`${name}.projection`, `${key}.output_proj`, [width, width]),
  ];
}

function planMlp(name: string, key: string, { width }: DinoSpec, { hidden }: DinoLayersSpec): Planned[] {
  return [
    ...linear(`${name}.expand`, `${key}.fc1`, [width, hidden]),
    ...linear(`${name}.contract`, `${key}.fc2`, [hidden, width]),
    ...planNorm(`${name}.norm`, `${key}.final_layer_norm`, width),
  ];
}

function planSelfAttention(name: string, key: string, { width }: DinoSpec): Planned[] {
  const pair = ['q_proj', 'k_proj'].map((part) => `${key}.self_attn.${part}`);
  const fused = (part: (key: string) => Layout): Layout => pair.flatMap(part);
  return [
    {
      name: `${name}.queryKey.weight`,
      layout: fused((own) => linearWeight(`${own}.weight`, width, width)),
      initial: 'xavier',
    },
    { name: `${name}.queryKey.bias`, layout: fused((own) => plain(`${own}.bias`, [width])), initial: 0 },
    ...linear(`${name}.value`, `${key}.self_attn.v_proj`, [width, width]),
    ...linear(`${name}.projection`, `${key}.self_attn.out_proj`, [width, width]),
    ...planNorm(`${name}.norm`, `${key}.self_attn_layer_norm`, width),
  ];
}

function planLevels(spec: DinoSpec): Planned[] {
  const { width, levels, backbone } = spec;
  const widths = backbone.features.map((stage) => backbone.stages[stage]!.width);
  const projections = Array.from({ length: levels }, (_, level) => {
    const [name, key] = [`levels.${level}`, `model.input_proj.${level}`];
    const inputs = level <= widths.length ? (widths[level] ?? widths.at(-1)!) : width;
    const kernel = level < widths.length ? 1 : 3;
    const weight = convolutionWeight(`${key}.0.weight`, inputs, width, [kernel, kernel]);
    return [
      { name: `${name}.weight`, layout: weight, initial: 'xavier' as const },
      { name: `${name}.bias`, layout: plain(`${key}.0.bias`, [width]), initial: 0 },
      ...planNorm(`${name}.norm`, `${key}.1`, width),
    ];
  });
  return [...projections.flat(), table('levels.embedding', 'model.level_embed', [levels, width])];
}

/** The numbers of the heads: one a decoder layer or one for all, then that of the proposals. */
export function headNumbers({ sharedHeads, twoStage, decoder }: DinoSpec): number[] {
  const layers = Array.from({ length: sharedHeads ? 1 : decoder.layers }, (_, i) => i);
  return twoStage ? [...layers, decoder.layers] : layers;
}

/** Where published checkpoints hold the heads: those that refine, and choose proposals, are the decoder's. */
export function headKeys({ refine, twoStage }: DinoSpec, i: number): { readonly class: string; readonly box: string } {
  const inside = (yes: boolean) => (yes ? 'model.decoder.' : '');
  return { class: `${inside(twoStage)}class_embed.${i}`, box: `${inside(refine)}bbox_embed.${i}` };
}

function planHead(spec: DinoSpec, i: number): Planned[] {
  const { width, classes, refine, twoStage } = spec;
  const keys = headKeys(spec, i);
  // Without proposals the first boxes begin small: a sigmoid of −2 is 0.12.
  const small = !twoStage && (!refine || i === 0);
  const last: LinearPlan = { weight: 0, bias: small ? Float32Array.of(0, 0, -2, -2) : 0 };
  return [
    ...linear(`heads.${i}.class`, keys.class, [width, classes], { weight: 'uniform', bias: rareBias }),
    ...linear(`heads.${i}.box.0`, `${keys.box}.layers.0`, [width, width], { weight: 'uniform' }),
    ...linear(`heads.${i}.box.1`, `${keys.box}.layers.1`, [width, width], { weight: 'uniform' }),
    ...linear(`heads.${i}.box.2`, `${keys.box}.layers.2`, [width, 4], last),
  ];
}

function planQueries(spec: DinoSpec): Planned[] {
  const { width, queries, classes, twoStage, mixedSelection, boxPositions, denoising } = spec;
  const planned: Planned[] = [];
  if (twoStage)
    planned.push(
      ...linear('proposals.transform', 'model.enc_output', [width, width]),
      ...planNorm('proposals.norm', 'model.enc_output_norm', width),
    );
  else
    planned.push(
      table('queries.embedding', 'model.query_position_embeddings.weight', [queries, 2 * width]),
      ...linear('queries.reference', 'model.reference_points', [width, 2]),
    );
  if (mixedSelection) planned.push(table('queries.content', 'model.tgt_embed.weight', [queries, width]));
  else if (twoStage)
    planned.push(
      ...linear('queries.transform', 'model.pos_trans', [2 * width, 2 * width]),
      ...planNorm('queries.norm', 'model.pos_trans_norm', 2 * width),
    );
  if (boxPositions)
    planned.push(
      ...linear('queries.position.0', 'model.decoder.ref_point_head.layers.0', [2 * width, width], {
        weight: 'uniform',
      }),
      ...linear('queries.position.1', 'model.decoder.ref_point_head.layers.1', [width, width], { weight: 'uniform' }),
    );
  if (denoising) planned.push(table('queries.labels', 'model.label_enc.weight', [classes, width]));
  return planned;
}

function planEncoder(spec: DinoSpec, i: number): Planned[] {
  const [name, key] = [`encoder.${i}`, `model.encoder.layers.${i}`];
  return [
    ...planDeformable(`${name}.attention`, `${key}.self_attn`, spec, spec.encoder),
    ...planNorm(`${name}.attention.norm`, `${key}.self_attn_layer_norm`, spec.width),
    ...planMlp(`${name}.mlp`, key, spec, spec.encoder),
  ];
}

function planDecoder(spec: DinoSpec, i: number): Planned[] {
  const [name, key] = [`decoder.${i}`, `model.decoder.layers.${i}`];
  return [
    ...planSelfAttention(`${name}.self`, key, spec),
    ...planDeformable(`${name}.cross`, `${key}.encoder_attn`, spec, spec.decoder),
    ...planNorm(`${name}.cross.norm`, `${key}.encoder_attn_layer_norm`, spec.width),
    ...planMlp(`${name}.mlp`, key, spec, spec.decoder),
  ];
}

/** Every parameter. Layers 0 … depth are the backbone's stem and blocks; depth + 1 its features' norms and all behind it. */
export function planDino({ spec, backboneNames }: ReadDino): PlannedParameter[] {
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);
  const behind: Planned[] = [
    ...planLevels(spec),
    ...range(spec.encoder.layers).flatMap((i) => planEncoder(spec, i)),
    ...planQueries(spec),
    ...range(spec.decoder.layers).flatMap((i) => planDecoder(spec, i)),
    ...headNumbers(spec).flatMap((i) => planHead(spec, i)),
  ];
  const layer = swinDepth(spec.backbone) + 1;
  return [
    ...planSwinMaps(spec.backbone, backboneNames).map((own) => ({ ...own, name: `${backboneName}${own.name}` })),
    ...behind.map((own) => ({ ...own, layer })),
  ];
}
