/** The network of a saved model, by its task. */
import { type Backend, startBackend } from '@dr2net/backends';
import { readModelConfig } from '@dr2net/models';
import { UsageError } from '../errors.ts';
import { taskOfConfig } from '../tasks/task-of.ts';
import type { Exported } from './contract.ts';

/**
 * Reads what the model is, and only then starts a backend for it.
 * @param points of a sample of clouds
 * @throws UsageError for a model that has no fixed graph or no head, and the errors of loading
 */
export async function loadExported(
  model: string,
  points: number | undefined,
  { backend, started }: { readonly backend: Parameters<typeof startBackend>[0]; started(backend: Backend): void },
): Promise<Exported> {
  const config = await readModelConfig(model);
  const task = taskOfConfig(config);
  if (points !== undefined && task !== 'pointcloud')
    throw new UsageError(`--points ${points}: ${model} is no segmenter of point clouds. Leave it out.`);
  started(await startBackend(backend));
  if (task === 'detection') return (await import('../tasks/detection/exported.ts')).exportedDetector(model, config);
  if (task === 'pointcloud') return (await import('../tasks/pointcloud/exported.ts')).exportedSegmenter(model, points);
  return (await import('../tasks/video/exported.ts')).exportedRecognizer(model, config);
}
