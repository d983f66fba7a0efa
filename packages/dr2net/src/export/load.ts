/** The network of a saved model, by its task. */
import { readModelConfig } from '@dr2net/models';
import { UsageError } from '../errors.ts';
import { taskOfConfig } from '../tasks/task-of.ts';
import type { Exported } from './contract.ts';

/**
 * @param points of a sample of clouds
 * @throws UsageError for a model that has no fixed graph or no head, and the errors of loading
 */
export async function loadExported(model: string, points: number | undefined): Promise<Exported> {
  const config = await readModelConfig(model);
  const task = taskOfConfig(config);
  if (points !== undefined && task !== 'pointcloud')
    throw new UsageError(`--points ${points}: ${model} is no segmenter of point clouds. Leave it out.`);
  if (task === 'detection') return (await import('../tasks/detection/exported.ts')).exportedDetector(model, config);
  if (task === 'pointcloud') return (await import('../tasks/pointcloud/exported.ts')).exportedSegmenter(model, points);
  return (await import('../tasks/video/exported.ts')).exportedRecognizer(model, config);
}
