/** Options that belong to one task alone: told by their group in the help, refused with another task, and left out of its settings. */
import type { Command, Option } from 'commander';
import { UsageError } from '../errors.ts';

export const taskNames = ['video', 'pointcloud'] as const;
export type TaskName = (typeof taskNames)[number];

export class TaskOptions {
  readonly #owners = new Map<Option, TaskName>();

  constructor(private readonly command: Command) {}

  /** The options that `add` adds are those of the task. */
  of(task: TaskName, add: (command: Command) => unknown): this {
    const before = new Set(this.command.options);
    add(this.command);
    for (const option of this.command.options) if (!before.has(option)) this.#owners.set(option, task);
    return this;
  }

  /**
   * The parsed options without those of other tasks.
   * @throws UsageError for an option of another task that was given
   */
  settle<S extends object>(settings: S, task: TaskName): S {
    const kept = { ...settings } as Record<string, unknown>;
    for (const [option, owner] of this.#owners) {
      const name = option.attributeName();
      if (owner === task) continue;
      const source = this.command.getOptionValueSource(name);
      if (source !== undefined && source !== 'default')
        throw new UsageError(`${option.long} belongs to the task ${owner}, but this is ${task}. Leave it out.`);
      delete kept[name];
    }
    return kept as S;
  }
}
