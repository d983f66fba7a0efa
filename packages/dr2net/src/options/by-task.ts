/** Options that belong to some tasks alone: told by their group in the help, refused with another task, and left out of its settings. */
import type { Command, Option } from 'commander';
import { UsageError } from '../errors.ts';

export const taskNames = ['video', 'pointcloud', 'detection'] as const;
export type TaskName = (typeof taskNames)[number];

export class TaskOptions {
  readonly #owners = new Map<Option, readonly TaskName[]>();

  constructor(private readonly command: Command) {}

  /** The options that `add` adds are those of the task, or of the tasks. */
  of(tasks: TaskName | readonly TaskName[], add: (command: Command) => unknown): this {
    const owners = typeof tasks === 'string' ? [tasks] : tasks;
    const before = new Set(this.command.options);
    add(this.command);
    for (const option of this.command.options) if (!before.has(option)) this.#owners.set(option, owners);
    return this;
  }

  /**
   * The parsed options without those of other tasks.
   * @throws UsageError for an option of another task that was given
   */
  settle<S extends object>(settings: S, task: TaskName): S {
    const kept = { ...settings } as Record<string, unknown>;
    for (const [option, owners] of this.#owners) {
      const name = option.attributeName();
      if (owners.includes(task)) continue;
      const source = this.command.getOptionValueSource(name);
      if (source !== undefined && source !== 'default')
        throw new UsageError(
          `${option.long} belongs to the task${owners.length > 1 ? 's' : ''} ${owners.join(' and ')}, but this is ${task}. Leave it out.`,
        );
      delete kept[name];
    }
    return kept as S;
  }
}
