/** What a new segmenter takes from an image transformer: blocks, last norm, class token, and the scale of the states (Pix4Point, arXiv 2208.12259). */
import { inference, type Parameter } from '@dr2net/ops';
import {
  mean,
  mul,
  reshape,
  type Scalar,
  slice,
  sqrt,
  square,
  type Tensor,
  tensor,
  tidy,
  tile,
} from '@tensorflow/tfjs-core';
import { randomFrom } from '../data/random.ts';
import { ModelOptionError } from '../errors.ts';
import { gridSide, type TransformerSpec } from '../transformer/spec.ts';
import type { TransformerBackbone } from '../transformer/transformer-backbone.ts';
import type { PointSpec } from './spec.ts';

/** Whether a parameter is of the blocks or the last norm, which a new segmenter takes from a transformer as they are. */
export const isOfBlocks = (name: string): boolean => name.startsWith('blocks.') || name.startsWith('norm.');

const blockFields = ['width', 'heads', 'hidden', 'layerScale', 'qkvBias'] as const;

/** What a configuration must say so that the blocks of a transformer fit. @throws ModelOptionError */
export function requireFit(spec: PointSpec, blocks: TransformerSpec): void {
  for (const field of blockFields)
    if (spec[field] !== blocks[field])
      throw new ModelOptionError(
        `The configuration gives ${field} ${spec[field]}, the ${blocks.architecture} blocks have ${blocks[field]}; both must be the same (LayerScale is encoder_args.init_values).`,
      );
  if (spec.depth > blocks.depth)
    throw new ModelOptionError(
      `The configuration has depth ${spec.depth}; the ${blocks.architecture} has ${blocks.depth} blocks.`,
    );
}

/** Pictures, or clips that stand still, whose patches have random colours of unit variance. */
function colours({ input, patch }: TransformerSpec): Tensor {
  const { kind, frames, size, channels } = input;
  const side = gridSide({ input, patch });
  const random = randomFrom(0, 'colours');
  return tidy(() => {
    const patches = tensor(
      Array.from({ length: side * side * channels }, () => random.normal()),
      [side, 1, side, 1, channels],
    );
    const picture = reshape(tile(patches, [1, patch, 1, patch, 1]), [1, size, size, channels]);
    return kind === 'video' ? tile(reshape(picture, [1, 1, size, size, channels]), [1, frames, 1, 1, 1]) : picture;
  });
}

/** The root of the mean square of a transformer's patch tokens before its blocks. */
function tokenScale(blocks: TransformerBackbone): Scalar {
  return tidy(() => {
    const x = blocks.stem.apply(colours(blocks.spec), inference);
    return sqrt(mean(square(slice(x, [0, blocks.prefixTokens, 0], [-1, -1, -1])))) as Scalar;
  });
}

/**
 * Gives parameters of a new segmenter (assigned in place) the pretrained values. The blocks' branches were trained to add to tokens of some
 * size, in DINOv2 of 0.1; beside tokens of size 1, which the new embedding would make (a maximum over normalised channels), they would add all
 * but nothing. So what makes the tokens begins at the size that the blocks know.
 */
export function transplant(
  parameters: ReadonlyMap<string, Parameter>,
  spec: PointSpec,
  blocks: TransformerBackbone,
): void {
  const take = (name: string): Parameter => {
    const parameter = parameters.get(name);
    if (!parameter) throw new Error(`A new segmenter has no parameter ${name}.`);
    return parameter;
  };
  for (const pretrained of blocks.parameters)
    if (isOfBlocks(pretrained.name) && parameters.has(pretrained.name))
      take(pretrained.name).assign(pretrained.variable.clone());
  const token = blocks.parameters.find(({ name }) => name === 'stem.class');
  if (token) take('class').assign(token.variable.clone());

  const { progressive, layers, stages } = spec.embed;
  const last = `embed.${stages - 1}.second.${layers / 2 - 1}`;
  const scale = tokenScale(blocks);
  for (const name of progressive ? [`${last}.norm.gain`] : [`${last}.weight`, `${last}.bias`])
    take(name).assign(mul(take(name).variable, scale));
  scale.dispose();
}
