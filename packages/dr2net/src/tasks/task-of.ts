/** Which task a finetuned model is for, by its `config.json`. */
import { isDinoConfig, isSegmenterConfig, isYolosConfig, readModelConfig } from '@dr2net/models';
import { UsageError } from '../errors.ts';
import type { TaskName } from '../options/by-task.ts';

export function taskOfConfig(config: Readonly<Record<string, unknown>>): TaskName {
  if (isYolosConfig(config) || isDinoConfig(config)) return 'detection';
  return isSegmenterConfig(config) ? 'pointcloud' : 'video';
}

/** @param model a folder, an http(s) address, or a hub id */
export async function taskOf(model: string): Promise<TaskName> {
  return taskOfConfig(await readModelConfig(model));
}

const inWords: Partial<Record<TaskName, string>> = {
  pointcloud: 'a saved segmenter of point clouds',
  detection: 'a saved detector',
};

/**
 * The task that was asked for, else that of the model.
 * @throws UsageError where the model was saved by another task
 */
export function settledTask(model: string, asked: TaskName | undefined, saved: TaskName): TaskName {
  const what = inWords[saved];
  if (asked !== undefined && asked !== saved && what)
    throw new UsageError(`--task ${asked}: ${model} is ${what}. Give --task ${saved}, or leave it out.`);
  return asked ?? saved;
}
