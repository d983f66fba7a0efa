/** Random objects of pictures, and the set loss of a detector's outputs: on the host, the same code for every subject. */
import { type DetectionTargets, setLoss } from '@dr2net/detection';
import { randomFrom } from '@dr2net/models';
import { type YolosSize, yolosClasses } from '../yolos-size.ts';

/** Objects of a picture, at most; fewer where there are fewer detection tokens. */
const most = 12;

/** Of each picture of the batch. */
export function randomObjects({ batch, detections }: Pick<YolosSize, 'batch' | 'detections'>): DetectionTargets[] {
  return Array.from({ length: batch }, (_, picture) => {
    const random = randomFrom(4, 'objects', picture);
    const count = Math.min(detections, most / 2 + random.below(most / 2 + 1));
    const box = (): number[] => {
      const [width, height] = [random.between(0.05, 0.4), random.between(0.05, 0.4)];
      return [random.between(width / 2, 1 - width / 2), random.between(height / 2, 1 - height / 2), width, height];
    };
    return {
      labels: Array.from({ length: count }, () => random.below(yolosClasses)),
      boxes: Array.from({ length: count }, box).flat(),
    };
  });
}

export interface OnHost {
  readonly total: number;
  /** [batch·detections·(classes + 1)] */
  readonly logits: Float32Array;
  /** [batch·detections·4] */
  readonly boxes: Float32Array;
}

/** DETR's loss and its gradients; logits and boxes are as the network gives them. */
export function lossOnHost(
  { batch, detections: queries }: Pick<YolosSize, 'batch' | 'detections'>,
  targets: readonly DetectionTargets[],
  logits: ArrayLike<number>,
  boxes: ArrayLike<number>,
): OnHost {
  const outputs = { batch, queries, logits, boxes: boxes as Float32Array };
  const { total, layers } = setLoss([outputs], targets, {
    classification: { kind: 'softmax', classes: yolosClasses },
  });
  const { gradient } = layers[0]!;
  return { total, logits: Float32Array.from(gradient.logits), boxes: Float32Array.from(gradient.boxes) };
}
