/** What a new YOLOS takes from an image transformer: everything that one has, and where its detection tokens begin. */
import type { Parameter } from '@dr2net/ops';
import { reshape, type Tensor, tensor, tidy, tile } from '@tensorflow/tfjs-core';
import { ModelOptionError } from '../errors.ts';
import { resamplePlaces } from '../transformer/resample.ts';
import { gridSide } from '../transformer/spec.ts';
import type { TransformerBackbone } from '../transformer/transformer-backbone.ts';
import { referencePositions } from './reference-boxes.ts';
import { gridOf, type ReadYolos, type YolosSpec, yolosTokens } from './spec.ts';

const blockFields = ['width', 'heads', 'hidden', 'layerScale', 'qkvBias', 'patch'] as const;

/** @throws ModelOptionError */
export function requireFit(spec: YolosSpec, blocks: TransformerBackbone): void {
  for (const field of blockFields)
    if (spec[field] !== blocks.spec[field])
      throw new ModelOptionError(
        `The configuration gives ${field} ${spec[field]}, the ${blocks.architecture} has ${blocks.spec[field]}; both must be the same (yolosConfig makes one that fits).`,
      );
  if (blocks.spec.input.kind !== 'image')
    throw new ModelOptionError(`The ${blocks.architecture} takes clips; a detector needs an image model's blocks.`);
  if (spec.depth > blocks.depth)
    throw new ModelOptionError(
      `The configuration has ${spec.depth} blocks; the ${blocks.architecture} has ${blocks.depth}.`,
    );
}

/** A pretrained parameter's value for the new detector's parameter of that name; owned by the caller. Undefined where it stays new. */
async function taken(name: string, from: Parameter, { spec }: ReadYolos, blocks: TransformerBackbone) {
  if (name !== 'stem.position') return from.variable.clone() as Tensor;
  const side = gridSide(blocks.spec);
  const before = blocks.spec.prefix.length;
  const host = { shape: from.shape, data: (await from.variable.data()) as Float32Array };
  const { data } = resamplePlaces(host, { before }, [side, side], gridOf(spec, spec.input.size));
  const { width } = spec;
  // Of a class token's and a distillation token's positions the first is the class token's; detection tokens begin at zero, or at the
  // places of their references.
  const values = new Float32Array(yolosTokens(spec) * width);
  values.set(data.subarray(0, width));
  values.set(data.subarray(before * width), width);
  if (spec.referenceBoxes) {
    const own = referencePositions(spec.detectionTokens, spec.input.size, host, before, [side, side]);
    values.set(own, values.length - own.length);
  }
  return tensor(values, [1, values.length / width, width]) as Tensor;
}

/**
 * Gives parameters of a new detector (assigned in place) the pretrained values. A detection token with a reference box begins as a patch of
 * the mean colour (the patch embedding's bias) at that place: to such a token the blocks, which were trained on patches, bring what stands
 * about it, where they have no use for a token of random numbers.
 */
export async function transplant(
  parameters: ReadonlyMap<string, Parameter>,
  read: ReadYolos,
  blocks: TransformerBackbone,
): Promise<void> {
  for (const pretrained of blocks.parameters) {
    const own = parameters.get(pretrained.name);
    if (own) own.assign(await taken(pretrained.name, pretrained, read, blocks));
  }
  const { referenceBoxes, detectionTokens } = read.spec;
  const [token, bias] = ['stem.detection', 'stem.patch.bias'].map((name) => parameters.get(name));
  if (referenceBoxes && token && bias)
    token.assign(tidy(() => tile(reshape(bias.variable, [1, 1, -1]), [1, detectionTokens, 1])));
}
