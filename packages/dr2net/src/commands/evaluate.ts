/** `dr2net evaluate`: how well a finetuned model does on clips, on whole scenes, or on images. */
import type { Command } from 'commander';
import { TaskOptions } from '../options/by-task.ts';
import { addBackendOption } from '../options/model.ts';
import { integer, list } from '../options/values.ts';
import type { Output } from '../output.ts';
import type { EvaluateImagesOptions } from '../tasks/detection/evaluate.ts';
import * as detection from '../tasks/detection/options.ts';
import type { EvaluateScenesOptions } from '../tasks/pointcloud/evaluate.ts';
import * as pointcloud from '../tasks/pointcloud/options.ts';
import type { EvaluateClipsOptions } from '../tasks/video/evaluate.ts';
import * as video from '../tasks/video/options.ts';

export function addEvaluate(program: Command, output: Output): Command {
  const command = program
    .command('evaluate')
    .description(
      "Clips: top-1 and top-5 accuracy, of each class, and the confusion matrix. Clouds: IoU and accuracy of each class over whole scenes. Images: COCO's numbers, over all classes and of each.",
    )
    .requiredOption('--model <dir>', 'a finetuned model: the folder model/ that finetune wrote')
    .optionsGroup('Data:')
    .requiredOption('--data <path>', 'as finetune takes it')
    .option(
      '--classes <a,b,c>',
      'clips: these classes only; clouds: names and codes (default: as saved); boxes: not taken, the model has its own',
      list,
    )
    .option(
      '--split <name>',
      'the split to evaluate (default: val or test; clouds and images: all where there is none)',
    )
    .option('--batch <n>', 'clips, samples of clouds, or images in a batch', integer({ min: 1 }), 8);
  const options = new TaskOptions(command);
  options.of(['video', 'pointcloud'], (of) =>
    of.optionsGroup('Data:').option('--cache <folder>', 'keep decoded clips, or clouds as they were read, there'),
  );
  options.of('detection', (of) => {
    detection.addReadingOptions(of);
    detection.addOverlapOption(of);
  });
  options.of('video', (of) => {
    video.addClipOptions(of);
    video.addViewOptions(of);
  });
  options.of('pointcloud', (of) => {
    pointcloud.addIgnoreOption(of);
    pointcloud.addReadingOptions(of);
    of.optionsGroup('Point clouds:').option(
      '--scenes <a,b>',
      'scenes or areas to evaluate, with bounds where a part is meant',
      list,
    );
    pointcloud.addSampleOptions(of);
    pointcloud.addCoverOptions(of);
  });
  return addBackendOption(command).action(
    async (given: EvaluateClipsOptions & EvaluateScenesOptions & EvaluateImagesOptions) => {
      const { taskOf } = await import('../tasks/task-of.ts');
      const task = await taskOf(given.model);
      const settings = options.settle(given, task);
      if (task === 'video') await (await import('../tasks/video/evaluate.ts')).evaluateClips(settings, output);
      else if (task === 'pointcloud')
        await (await import('../tasks/pointcloud/evaluate.ts')).evaluateClouds(settings, output);
      else await (await import('../tasks/detection/evaluate.ts')).evaluateImages(settings, output);
    },
  );
}
