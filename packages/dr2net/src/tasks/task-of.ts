/** Which task a finetuned model is for, by its `config.json`. */
import { isDinoConfig, isSegmenterConfig, isYolosConfig, readModelConfig } from '@dr2net/models';
import type { TaskName } from '../options/by-task.ts';

/** @param model a folder, an http(s) address, or a hub id */
export async function taskOf(model: string): Promise<TaskName> {
  const config = await readModelConfig(model);
  if (isYolosConfig(config) || isDinoConfig(config)) return 'detection';
  return isSegmenterConfig(config) ? 'pointcloud' : 'video';
}
