/** `dr2net info MODEL`: what a model folder holds, and what is made of it. */
import type { Command } from 'commander';
import { type TaskName, TaskOptions } from '../options/by-task.ts';
import { addShapeOptions, type ShapeOptions } from '../options/model.ts';
import { type Output, textTable } from '../output.ts';
import type { Described } from '../tasks/described.ts';

export function addInfo(program: Command, output: Output): Command {
  const command = program
    .command('info')
    .description('Show the architecture, parameters, input and saved training of a model, and the tensors left over.')
    .argument('<model>', 'a model folder, its http(s) address, or a hub id owner/name');
  const options = new TaskOptions(command).of('video', addShapeOptions);
  return command.action(async (model: string, given: ShapeOptions) => {
    const { taskOf } = await import('../tasks/task-of.ts');
    const task = await taskOf(model);
    const settings = options.settle(given, task);
    const { facts, rows } = await describe(model, task, settings);
    output.line(textTable(['', ''], rows).split('\n').slice(2).join('\n'));
    output.result(facts);
  });
}

async function describe(model: string, task: TaskName, settings: ShapeOptions): Promise<Described> {
  if (task === 'video') return (await import('../tasks/video/info.ts')).describeBackbone(model, settings);
  if (task === 'pointcloud') return (await import('../tasks/pointcloud/info.ts')).describePoints(model);
  return (await import('../tasks/detection/info.ts')).describeDetector(model);
}
