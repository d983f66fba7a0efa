/** A finetuned segmenter as it was saved: its classes, α, β, method, and how clouds become its input. */
import { loadSegmenter } from '@dr2net/models';
import { type PointSegmentation, pointSegmentation } from '@dr2net/pointcloud';

export interface LoadedSegmentation {
  readonly model: PointSegmentation;
  dispose(): void;
}

/** @throws the errors of loading */
export async function loadSegmentation(source: string): Promise<LoadedSegmentation> {
  const segmenter = await loadSegmenter(source);
  try {
    return { model: pointSegmentation(segmenter), dispose: () => segmenter.dispose() };
  } catch (error) {
    segmenter.dispose();
    throw error;
  }
}
