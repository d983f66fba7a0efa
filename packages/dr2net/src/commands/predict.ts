/** `dr2net predict`: the classes that a finetuned model sees in clips, of every point of clouds, or the objects it finds in images. */
import type { Command } from 'commander';
import { TaskOptions } from '../options/by-task.ts';
import { addBackendOption } from '../options/model.ts';
import { integer } from '../options/values.ts';
import type { Output } from '../output.ts';
import * as detection from '../tasks/detection/options.ts';
import type { PredictImagesOptions } from '../tasks/detection/predict.ts';
import * as pointcloud from '../tasks/pointcloud/options.ts';
import type { PredictCloudsOptions } from '../tasks/pointcloud/predict.ts';
import * as video from '../tasks/video/options.ts';
import type { PredictClipsOptions } from '../tasks/video/predict.ts';

export function addPredict(program: Command, output: Output): Command {
  const command = program
    .command('predict')
    .description(
      'The most probable classes of clips; or clouds as PLY files with a class and a colour for every point; or the objects in images, as COCO JSON and drawn on them.',
    )
    .argument('<files...>', 'video files, cloud files, or images and folders of images')
    .requiredOption('--model <dir>', 'a finetuned model: the folder model/ that finetune wrote')
    .option('--batch <n>', 'clips, samples of clouds, or images in a batch', integer({ min: 1 }), 4);
  const options = new TaskOptions(command);
  options.of(['video', 'pointcloud'], (of) =>
    of.option('--cache <folder>', 'keep decoded clips, or clouds as they were read, there'),
  );
  options.of(['pointcloud', 'detection'], (of) =>
    of
      .optionsGroup('Results:')
      .option('--out <path>', 'clouds: the folder of NAME.labelled.ply (default: .); images: a file for COCO JSON')
      .option('--overwrite', 'write over files that are there'),
  );
  options.of('detection', detection.addFoundOptions);
  options.of('video', (of) => {
    of.optionsGroup('Clips:').option('--top <n>', 'classes to show for each clip', integer({ min: 1 }), 5);
    video.addSampleOptions(of);
    video.addViewOptions(of);
  });
  options.of('pointcloud', (of) => {
    pointcloud.addReadingOptions(of);
    pointcloud.addSampleOptions(of);
    pointcloud.addCoverOptions(of);
  });
  return addBackendOption(command).action(
    async (files: string[], given: PredictClipsOptions & PredictCloudsOptions & PredictImagesOptions) => {
      const { taskOf } = await import('../tasks/task-of.ts');
      const task = await taskOf(given.model);
      const settings = options.settle(given, task);
      if (task === 'video') await (await import('../tasks/video/predict.ts')).predictClips(files, settings, output);
      else if (task === 'pointcloud')
        await (await import('../tasks/pointcloud/predict.ts')).predictClouds(files, settings, output);
      else await (await import('../tasks/detection/predict.ts')).predictImages(files, settings, output);
    },
  );
}
