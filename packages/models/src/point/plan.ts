/** The parameters of a PointViT segmenter: name, place in an OpenPoints state dict, first value. */
import type { Layout } from '../checkpoint/layout.ts';
import { linearWeight, plain } from '../checkpoint/layout.ts';
import { timmNames } from '../transformer/names.ts';
import { type Initial, planBlock } from '../transformer/plan.ts';
import { type PointSpec, stageWidths } from './spec.ts';

export interface PointParameter {
  readonly name: string;
  readonly layout: Layout;
  readonly initial: Initial;
}

/** A 1×1 convolution there, a linear layer here; `axes` of length 1 after the channels. */
function convolution(name: string, key: string, inputs: number, outputs: number, axes: number): PointParameter {
  const shape = [outputs, inputs, ...new Array<number>(axes).fill(1)];
  const order = [...shape.map((_, axis) => axis).slice(2), 1, 0];
  return { name, layout: [{ key, shape, axes: order, local: [inputs, outputs] }], initial: 'uniform' };
}

const vector = (name: string, key: string, width: number, initial: number): PointParameter => ({
  name,
  layout: plain(key, [width]),
  initial,
});

const norm = (name: string, key: string, width: number): PointParameter[] => [
  vector(`${name}.gain`, `${key}.weight`, width, 1),
  vector(`${name}.bias`, `${key}.bias`, width, 0),
];

/** Linear layers of one half of an embedding's stage: those with a norm have no bias, and the other way round. */
function half(name: string, key: string, widths: readonly number[], lastHasNorm: boolean): PointParameter[] {
  return widths.slice(1).flatMap((outputs, i) => {
    const [own, there] = [`${name}.${i}`, `${key}.${i}`];
    const weight = convolution(`${own}.weight`, `${there}.0.weight`, widths[i]!, outputs, 2);
    const normed = lastHasNorm || i < widths.length - 2;
    return [
      weight,
      ...(normed ? norm(`${own}.norm`, `${there}.1`, outputs) : [vector(`${own}.bias`, `${there}.0.bias`, outputs, 0)]),
    ];
  });
}

function planEmbed(spec: PointSpec): PointParameter[] {
  const { embed } = spec;
  const each = embed.layers / 2;
  return stageWidths(spec).flatMap((width, i, widths) => {
    const inputs = 3 + (i === 0 ? spec.channels : widths[i - 1]!);
    const root = 'encoder.patch_embed';
    const [first, second] = embed.progressive
      ? [`${root}.convs.${i}.0`, `${root}.convs.${i}.1`]
      : [`${root}.conv1`, `${root}.conv2`];
    return [
      ...half(`embed.${i}.first`, first, [inputs, ...new Array<number>(each).fill(width)], false),
      ...half(
        `embed.${i}.second`,
        second,
        [2 * width, ...new Array<number>(each - 1).fill(2 * width), width],
        embed.progressive,
      ),
    ];
  });
}

/** Widths of the features that each stage of the decoder takes from the embedding, first to last. */
export function skipWidths(spec: PointSpec): number[] {
  const { decoder, channels } = spec;
  const below = stageWidths(spec).slice(0, -1);
  return Array.from({ length: decoder.stages }, (_, i) =>
    i === 0 ? channels : decoder.progressive ? below[i - 1]! : 0,
  );
}

function planDecoder(spec: PointSpec): PointParameter[] {
  return skipWidths(spec).flatMap((skip, i) =>
    Array.from({ length: spec.decoder.layers }, (_, j) => {
      const [own, there] = [`decoder.${i}.${j}`, `decoder.decoder.${i}.0.convs.${j}`];
      const inputs = j === 0 ? skip + spec.width : spec.width;
      return [
        convolution(`${own}.weight`, `${there}.0.weight`, inputs, spec.width, 1),
        ...norm(`${own}.norm`, `${there}.1`, spec.width),
        vector(`${own}.norm.mean`, `${there}.1.running_mean`, spec.width, 0),
        vector(`${own}.norm.variance`, `${there}.1.running_var`, spec.width, 1),
      ];
    }).flat(),
  );
}

function planHead({ head, decoder, width }: PointSpec): PointParameter[] {
  const widths = [width * (1 + decoder.globals.length), ...head.hidden, head.classes];
  // In the published head a dropout stands between two layers.
  const step = head.dropout > 0 ? 2 : 1;
  return widths.slice(1).flatMap((outputs, i) => {
    const [own, there] = [`head.${i}`, `head.head.${i * step}`];
    const weight = convolution(`${own}.weight`, `${there}.0.weight`, widths[i]!, outputs, 1);
    return i < head.hidden.length
      ? [weight, ...norm(`${own}.norm`, `${there}.1`, outputs)]
      : [weight, vector(`${own}.bias`, `${there}.0.bias`, outputs, 0)];
  });
}

const names = {
  block: (i: number) => {
    const block = timmNames.block(i);
    const inside = (key: string) => `encoder.${key}`;
    return {
      ...block,
      attentionNorm: inside(block.attentionNorm),
      qkvWeight: [inside(block.qkvWeight[0])] as const,
      qkvBias: [inside(block.qkvBias[0])] as const,
      projection: inside(block.projection),
      attentionScale: inside(block.attentionScale),
      mlpNorm: inside(block.mlpNorm),
      expand: inside(block.expand),
      contract: inside(block.contract),
      mlpScale: inside(block.mlpScale),
    };
  },
};

/** Width of the position embedding's hidden layer. */
const positionHidden = 128;

/** Every parameter, in the order in which the network uses them. */
export function planPoints(spec: PointSpec): PointParameter[] {
  const { width, depth } = spec;
  const token = (name: string, key: string): PointParameter => ({
    name,
    layout: plain(key, [1, 1, width]),
    initial: 'normal',
  });
  const linear = (name: string, key: string, inputs: number, outputs: number): PointParameter[] => [
    { name: `${name}.weight`, layout: linearWeight(`${key}.weight`, inputs, outputs), initial: 'normal' },
    vector(`${name}.bias`, `${key}.bias`, outputs, 0),
  ];
  return [
    ...planEmbed(spec),
    token('class', 'encoder.cls_token'),
    token('class.position', 'encoder.cls_pos'),
    ...linear('position.0', 'encoder.pos_embed.0.0', 3, positionHidden),
    ...linear('position.1', 'encoder.pos_embed.1', positionHidden, width),
    ...Array.from({ length: depth }, (_, i) => planBlock(spec, names.block(i), `blocks.${i}`)).flat(),
    ...norm('norm', 'encoder.norm', width),
    ...planDecoder(spec),
    ...planHead(spec),
  ];
}

/** Where a state dict has the counts of batches that BatchNorms were trained on; a checkpoint may lack them. */
export function counterKeys(spec: PointSpec): string[] {
  const keys = planDecoder(spec).flatMap(({ layout }) => layout.flatMap(({ key }) => key ?? []));
  const mean = /running_mean$/;
  return keys.flatMap((key) => (mean.test(key) ? [key.replace(mean, 'num_batches_tracked')] : []));
}
