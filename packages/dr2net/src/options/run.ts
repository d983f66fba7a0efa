/** What every finetuning run is told, whatever its task. */
import type { TaskName } from './by-task.ts';
import type { MethodOptions } from './method.ts';
import type { BackendOption } from './model.ts';
import type { ScheduleOptions } from './schedule.ts';
import type { TrainingOptions } from './training.ts';

export interface RunSettings extends MethodOptions, ScheduleOptions, TrainingOptions, BackendOption {
  readonly task: TaskName;
  readonly model: string;
  readonly data: string;
  readonly val?: string;
  readonly out: string;
  readonly label?: string;
  /** A size, or `device`. */
  readonly budget?: string;
  readonly read?: 'last' | 'mean';
}
