/** `dr2net predict`: the classes that a finetuned model sees in clips, or of every point of clouds. */
import type { Command } from 'commander';
import { TaskOptions } from '../options/by-task.ts';
import { addBackendOption } from '../options/model.ts';
import { integer } from '../options/values.ts';
import type { Output } from '../output.ts';
import * as pointcloud from '../tasks/pointcloud/options.ts';
import type { PredictCloudsOptions } from '../tasks/pointcloud/predict.ts';
import * as video from '../tasks/video/options.ts';
import type { PredictClipsOptions } from '../tasks/video/predict.ts';

export function addPredict(program: Command, output: Output): Command {
  const command = program
    .command('predict')
    .description(
      'The most probable classes of clips; or clouds as PLY files with a class and a colour for every point.',
    )
    .argument('<files...>', 'video files, or cloud files')
    .requiredOption('--model <dir>', 'a finetuned model: the folder model/ that finetune wrote')
    .option('--batch <n>', 'clips, or samples of clouds, in a batch', integer({ min: 1 }), 4)
    .option('--cache <folder>', 'keep decoded clips, or clouds as they were read, there');
  const options = new TaskOptions(command);
  options.of('video', (of) => {
    of.optionsGroup('Clips:').option('--top <n>', 'classes to show for each clip', integer({ min: 1 }), 5);
    video.addSampleOptions(of);
    video.addViewOptions(of);
  });
  options.of('pointcloud', (of) => {
    of.optionsGroup('Point clouds:')
      .option('--out <folder>', 'where NAME.labelled.ply is written', '.')
      .option('--overwrite', 'write over files that are there');
    pointcloud.addReadingOptions(of);
    pointcloud.addSampleOptions(of);
    pointcloud.addCoverOptions(of);
  });
  return addBackendOption(command).action(
    async (files: string[], given: PredictClipsOptions & PredictCloudsOptions) => {
      const { taskOf } = await import('../tasks/task-of.ts');
      const task = await taskOf(given.model);
      const settings = options.settle(given, task);
      if (task === 'video') await (await import('../tasks/video/predict.ts')).predictClips(files, settings, output);
      else await (await import('../tasks/pointcloud/predict.ts')).predictClouds(files, settings, output);
    },
  );
}
