/** What a budget is kept by: a model as the planner sees it, or how it is measured. */
import type { Coefficients, HeadRead } from '@dr2net/core';
import { type DetectionSource, ObjectDetection } from '@dr2net/detection';
import { BudgetError, type MemoryModel } from '@dr2net/memory';
import { memoryModelOf, segmenterMemoryModelOf, TransformerBackbone } from '@dr2net/models';
import { PointSegmentation } from '@dr2net/pointcloud';
import { ActionRecognizer } from '@dr2net/video';
import type { Trials } from '../plan/trials.ts';
import { detectionTrials } from '../tasks/detection/trials.ts';

/** Where the sub-blocks' coefficients and the head's reading are. */
interface Settled {
  readonly coefficients: Coefficients;
  readonly read: HeadRead;
}

export interface Known {
  readonly settled: Settled;
  readonly footprint: MemoryModel;
}

export interface Measurable {
  readonly settled: Settled;
  readonly trials: Trials;
}

/** @throws BudgetError for another model, or for data that do not tell enough of it */
export function footprintOf(model: unknown, data: object): Known | Measurable {
  if (model instanceof ActionRecognizer && model.backbone instanceof TransformerBackbone) {
    const { backbone, head } = model;
    return {
      settled: model,
      footprint: memoryModelOf(backbone, { classes: head.classes, pooling: head.form.pooling }),
    };
  }
  if (model instanceof PointSegmentation && 'points' in data && typeof data.points === 'number')
    return { settled: model, footprint: segmenterMemoryModelOf(model.segmenter, { points: data.points }) };
  if (model instanceof ObjectDetection) {
    const footprint = model.footprint();
    if (footprint) return { settled: model, footprint };
    if (isDetectionSource(data)) return { settled: model, trials: detectionTrials(model, data.dataset) };
  }
  throw new BudgetError(
    'A memory budget needs a model whose memory is known or can be measured: an actionRecognizer on a loaded backbone, a pointSegmentation with a pointSource, or an objectDetection, of a DINO with a detectionSource.',
  );
}

function isDetectionSource(data: object): data is Pick<DetectionSource, 'dataset'> {
  return 'dataset' in data && typeof data.dataset === 'object' && data.dataset !== null && 'images' in data.dataset;
}
