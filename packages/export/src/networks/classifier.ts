/** Recognizers of images and clips: pixels to logits. */
import { applyClassifier, type Backbone, type ClassificationHead } from '@dr2net/models';
import { inference } from '@dr2net/ops';
import type { ExportedNetwork } from '../network.ts';
import { metadata, type TrainedCoefficients } from './metadata.ts';
import { noise, sizeOf } from './noise.ts';

/** A backbone with its head and the coefficients it was trained with. */
export interface ClassifierToExport extends TrainedCoefficients {
  readonly backbone: Backbone;
  readonly head: ClassificationHead;
  /** Names of the classes, in the order of the logits. */
  readonly labels?: readonly string[];
}

/**
 * pixels [batch, height, width, channels] or [batch, frames, height, width, channels] → logits [batch, classes].
 * @param model borrowed
 */
export function classifierNetwork(model: ClassifierToExport): ExportedNetwork {
  const { backbone, head, labels, ...trained } = model;
  const { kind, frames, size, channels, mean, std } = backbone.input;
  const shape = [...(kind === 'video' ? [frames] : []), size, size, channels];
  return {
    name: backbone.architecture,
    inputs: [
      {
        name: 'pixels',
        shape,
        dtype: 'float32',
        description: `${kind === 'video' ? 'clips' : 'images'} [batch, ${shape.join(', ')}] (channels last), (value between 0 and 1 − mean)/std by channel`,
      },
    ],
    outputs: { logits: `[batch, ${head.classes}]; their softmax are the probabilities of the classes` },
    parameters: [...backbone.parameters, ...head.parameters],
    metadata: metadata(
      {
        ...{ ...trained, architecture: backbone.architecture, task: kind === 'video' ? 'clips' : 'images' },
        ...(labels && { labels }),
      },
      { size: [size, size], ...(kind === 'video' && { frames }), mean, std },
    ),
    example: (batch, seed) => ({ pixels: noise(batch * sizeOf(shape), seed) }),
    apply: ({ pixels }) => ({
      logits: applyClassifier(backbone, head, pixels!, { ...trained, context: inference }),
    }),
  };
}
