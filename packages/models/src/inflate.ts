/** Makes a video backbone of an image backbone: see architectures/inflated.ts for what it is. */
import { Parameter } from '@dr2net/ops';
import { div, type Tensor, tidy, tile, zeros } from '@tensorflow/tfjs-core';
import { inflatedConfig, inflatedSpec } from './architectures/inflated.ts';
import { chooseFrames } from './architectures/options.ts';
import type { Backbone } from './backbone.ts';
import { ModelOptionError } from './errors.ts';
import { timeSteps } from './transformer/spec.ts';
import { TransformerBackbone } from './transformer/transformer-backbone.ts';

/** How an image backbone becomes one for video. */
export interface InflateOptions {
  /** Frames of a clip; a multiple of the tubelet. */
  readonly frames: number;
  /** Frames of a tubelet. Default 2. */
  readonly tubelet?: number;
}

/** [patch·patch·channels, out] → [tubelet·patch·patch·channels, out], each frame with 1/tubelet of the weight. */
function repeatOverTime(weight: Tensor, tubelet: number): Tensor {
  return tidy(() => div(tile(weight, [tubelet, 1]), tubelet));
}

/**
 * Inflates an image backbone over time and TAKES IT OVER: its parameters become the video backbone's (the patch
 * embedding's weight is replaced), and the image backbone must not be used or disposed any more.
 *
 * A clip whose frames are all the same image gives, at every time step, the tokens that the image gives.
 * @throws {ModelOptionError} the backbone is no image transformer, or frames are no multiple of the tubelet
 */
export function inflate(image: Backbone, { frames, tubelet = 2 }: InflateOptions): TransformerBackbone {
  if (!(image instanceof TransformerBackbone) || image.input.kind !== 'image')
    throw new ModelOptionError(
      `The backbone ${image.architecture} takes ${image.input.kind} input; only an image transformer can be inflated over time.`,
    );
  chooseFrames(frames, tubelet, frames);
  const spec = inflatedSpec(image.spec, frames, tubelet);
  const parameters = new Map(image.parameters.map((parameter) => [parameter.name, parameter]));
  const patch = parameters.get('stem.patch.weight');
  if (!patch) throw new Error('The image backbone has no patch embedding.');
  parameters.set(patch.name, new Parameter(patch.name, repeatOverTime(patch.variable, tubelet)));
  patch.dispose();
  parameters.set('stem.temporal', new Parameter('stem.temporal', zeros([1, timeSteps(spec), spec.width])));
  return new TransformerBackbone({
    spec,
    names: image.names,
    config: inflatedConfig(image.config, frames, tubelet),
    parameters,
    extra: image.extra,
    unused: image.unused,
    training: image.training,
  });
}
