/** A YOLOS: pixels to classes and boxes. */
import { applyYolos, type YolosDetector } from '@dr2net/models';
import { inference } from '@dr2net/ops';
import type { ExportedNetwork } from '../network.ts';
import { metadata, type TrainedCoefficients } from './metadata.ts';
import { noise, sizeOf } from './noise.ts';

/** A YOLOS with the coefficients it was trained with. */
export interface YolosToExport extends TrainedCoefficients {
  readonly detector: YolosDetector;
  /** Names of the classes, in the order of the logits. */
  readonly labels?: readonly string[];
}

/**
 * pixels [batch, height, width, channels] → logits [batch, detections, classes + 1] and boxes [batch, detections, 4].
 * @param model borrowed
 */
export function yolosNetwork({ detector, labels, ...trained }: YolosToExport): ExportedNetwork {
  const { input, detectionTokens, classes } = detector.spec;
  const { size, channels, mean, std } = input;
  const shape = [...size, channels];
  return {
    name: 'yolos',
    inputs: [
      {
        name: 'pixels',
        shape,
        dtype: 'float32',
        description: `images [batch, ${shape.join(', ')}] (channels last), (value between 0 and 1 − mean)/std by channel`,
      },
    ],
    outputs: {
      logits: `[batch, ${detectionTokens}, ${classes + 1}]; the last class is "no object"`,
      boxes: `[batch, ${detectionTokens}, 4]: centre x, centre y, width, height, as shares of the image's sides`,
    },
    parameters: detector.parameters,
    metadata: metadata(
      { ...trained, task: 'detection', architecture: 'yolos', ...(labels && { labels }) },
      { size, mean, std },
    ),
    example: (batch, seed) => ({ pixels: noise(batch * sizeOf(shape), seed) }),
    apply: ({ pixels }) => ({ ...applyYolos(detector, pixels!, { ...trained, context: inference }) }),
  };
}
