/** Python: a recognizer of images or clips over the tensors of its checkpoint. */
import type { ClassificationHead, TransformerBackbone } from '@dr2net/models';
import { type ClassifierToExport, classifierNetwork } from '../networks/classifier.ts';
import type { TrainedCoefficients } from '../networks/metadata.ts';
import { preamble, recurrence, subBlocks } from './blocks.ts';
import { modelCard } from './card.ts';

/** VideoMAE's fixed table. */
const sines = (width: number) => [
  'def sines(tokens):',
  `    at = torch.arange(${width})`,
  `    angle = torch.arange(tokens).double()[:, None] / 10000 ** (2 * (at // 2) / ${width})`,
  '    return torch.where(at % 2 == 0, angle.sin(), angle.cos()).float()',
  '',
];

function embed({ spec, names }: TransformerBackbone): string[] {
  const { patch, tubelet, prefix, position, input } = spec;
  const video = input.kind === 'video';
  const size = [...(video ? ['frames'] : []), 'height', 'width'].join(', ');
  const stride = [...(video ? [tubelet] : []), patch, patch].join(', ');
  const tokens = prefix.map((token) => `w["${names.tokens[token]}"]`);
  const joined =
    tokens.length === 0
      ? []
      : [`    x = torch.cat([t.expand(len(x), -1, -1) for t in (${tokens.join(', ')},)] + [x], 1)`];
  const first = prefix.length;
  const table = `w["${names.position}"]`;
  const positions =
    position === 'learned'
      ? [`    return x + ${table}`]
      : position === 'sinusoid'
        ? ['    return x + sines(x.shape[1])']
        : [
            `    space, time = ${table}, w["${names.temporal}"]`,
            `    places = (space[:, None, ${first}:] + time[:, :, None]).flatten(1, 2)`,
            `    return x + torch.cat([space[:, :${first}], places], 1)`,
          ];
  return [
    `def embed(pixels):  # [batch, ${input.channels}, ${size}], normalised`,
    `    x = conv${video ? 3 : 2}d(pixels, w["${names.patch}.weight"], w["${names.patch}.bias"], stride=(${stride}))`,
    '    x = x.flatten(2).transpose(1, 2)',
    ...joined,
    ...positions,
    '',
  ];
}

function headLines({ form }: ClassificationHead, prefix: number): string[] {
  const patches = `x[:, ${prefix}:].mean(1)`;
  const normed = (pooled: string) => (form.norm ? `norm(${pooled}, "${form.norm}", ${form.epsilon})` : pooled);
  const [one, other] = form.outputs;
  if (form.pooling === 'class,distillation')
    return [`    return (dense(${normed('x[:, 0]')}, "${one}") + dense(${normed('x[:, 1]')}, "${other}")) / 2`];
  const pooled = { class: 'x[:, 0]', mean: patches, 'class+mean': `torch.cat([x[:, 0], ${patches}], -1)` }[
    form.pooling
  ];
  return [`    return dense(${normed(pooled)}, "${one}")`];
}

/** A program that defines `forward(pixels)`, logits [batch, classes]; run where `model.safetensors` is. */
function program(backbone: TransformerBackbone, head: ClassificationHead, trained: TrainedCoefficients): string {
  const { spec, names } = backbone;
  const blocks = { ...spec, block: (i: number) => names.block(i) };
  return [
    ...preamble(trained, spec.epsilon, spec.input.kind === 'video' ? 'conv3d' : 'conv2d', false),
    ...(spec.position === 'sinusoid' ? sines(spec.width) : []),
    ...embed(backbone),
    ...subBlocks(blocks),
    '@torch.no_grad()',
    'def forward(pixels):',
    '    x = embed(pixels)',
    ...recurrence(blocks, trained.read ?? 'last'),
    ...(spec.norm ? [`    x = norm(x, "${names.norm}")`] : []),
    ...headLines(head, spec.prefix.length),
  ].join('\n');
}

/** A network of one run, of which the card has a program. */
export interface TransformerToExport extends ClassifierToExport {
  readonly backbone: TransformerBackbone;
}

/** The `README.md` of a recognizer that is saved by `saveBackbone`, with a program that runs it in PyTorch. */
export function classifierCard(model: TransformerToExport): string {
  const { kind, channels, frames, size } = model.backbone.input;
  return modelCard({
    network: classifierNetwork(model),
    python: program(model.backbone, model.head, model),
    example: [channels, ...(kind === 'video' ? [frames] : []), size, size],
  });
}
