/**
 * Studies on real clips, point clouds and images with boxes: the same pretrained weights finetuned by every method, several seeds.
 *
 *     pnpm study run --backend node --depths 6,12 --seeds 0,1,2
 *     pnpm study run --study coefficients --depths 6 --seeds 0,1,2,3,4
 *     pnpm study run --study points-maize --seeds 0
 *     pnpm study run --study boxes-bccd --seeds 0
 *     pnpm study summarise
 */
import { join, relative } from 'node:path';
import { count } from 'bench-core/node';
import { Command, InvalidArgumentError, Option } from 'commander';
import { existingPath, InterruptedError, onInterrupt, repositoryRoot, userPath } from 'jobs';
import { jobName, jobsOf, type Study, studies, variants } from './study/plan.ts';
import { runStudy } from './study/run.ts';
import { summarise } from './study/summarise.ts';

const shared = process.env.DR2NET_SHARED ?? join(repositoryRoot, '..', 'shared');

const integers = (text: string) =>
  text.split(',').map((part) => {
    const value = Number(part);
    if (part.trim() === '' || !Number.isInteger(value) || value < 0)
      throw new InvalidArgumentError('Give whole numbers, separated by commas.');
    return value;
  });
const positive = (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('Give a number above 0.');
  return value;
};
const names = (text: string) => text.split(',').map((part) => part.trim());
type StudyName = keyof typeof studies;
const resultsOf = (study: StudyName) => join(repositoryRoot, 'results', 'study', studies[study].folder);
const studyOption = () =>
  new Option('--study <name>', 'what is compared').choices(Object.keys(studies)).default('methods');

interface RunFlags {
  backend: string;
  depths?: number[];
  seeds: number[];
  study: StudyName;
  variants?: string[];
  epochs?: number;
  batch?: number;
  lr?: number;
  layerDecay?: number;
  model?: string;
  data?: string;
  crop?: true;
  results?: string;
  work: string;
  cli?: string;
  keepModels?: true;
  list?: true;
}

/** What was given, without what was not. */
const defined = ({ variants, depths }: RunFlags) => ({ ...(variants && { variants }), ...(depths && { depths }) });

async function run(flags: RunFlags): Promise<void> {
  const study: Study = studies[flags.study];
  if (flags.crop && study.task !== 'video') throw new Error(`--crop is of clips, but ${flags.study} is not.`);
  const { variants: names, depths } = { ...study, ...defined(flags) };
  const jobs = jobsOf({ variants: names, depths, seeds: flags.seeds });
  if (flags.list) {
    for (const job of jobs) process.stdout.write(`${jobName(job)}\n`);
    return;
  }
  // Missing, they would fail every job one by one.
  const own = study.network && join(import.meta.dirname, 'study', study.network);
  if (own && flags.model !== undefined)
    throw new Error(`--model ${flags.model}: ${flags.study} has a network of its own. Leave it out.`);
  const model = own ?? existingPath('--model', flags.model ?? join(shared, 'weights', 'dinov2-small'));
  const data = existingPath('--data', flags.data ?? join(shared, study.data));
  const entry = flags.cli === undefined ? undefined : [existingPath('--cli', flags.cli)];
  const interruption = onInterrupt();
  try {
    const { done, skipped, failed } = await runStudy(jobs, {
      results: userPath(flags.results ?? `${resultsOf(flags.study)}${flags.crop ? '-crop' : ''}`),
      work: userPath(flags.work),
      model,
      whole: own !== undefined,
      data,
      backend: flags.backend,
      task: study.task,
      epochs: flags.epochs ?? study.epochs,
      common: [
        ...['--batch', String(flags.batch ?? study.batch), '--lr', String(flags.lr ?? study.lr)],
        ...['--layer-decay', String(flags.layerDecay ?? study.layerDecay), ...study.common],
        ...(study.task === 'video' && !flags.crop ? ['--no-crop'] : []),
      ],
      keepModels: flags.keepModels ?? false,
      signal: interruption.signal,
      say: (line) => process.stderr.write(`${line}\n`),
      ...(entry && { entry }),
    });
    process.stderr.write(`${done} done, ${skipped} there already, ${failed.length} failed.\n`);
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    interruption.dispose();
  }
}

const program = new Command('study').description(
  'Finetunes the same weights on real clips, point clouds and images with boxes by every method.',
);
program
  .command('run')
  .description('run what has no result file yet; Ctrl-C saves, and the next call goes on')
  .option('--backend <name>', 'as in dr2net', 'node')
  .option('--depths <list>', 'blocks of the backbone (default: those of the study)', integers)
  .option('--seeds <list>', 'seeds', integers, [0, 1, 2])
  .addOption(studyOption())
  .option('--variants <list>', `these alone, of ${variants.map(({ name }) => name).join(', ')}`, names)
  .option('--epochs <n>', 'epochs (default: as many as the study has)', count(1))
  .option('--batch <n>', 'clips, or samples of clouds, a step (default: as the study has it)', count(1))
  .option('--lr <number>', 'peak learning rate of AdamW (default: as the study has it)', positive)
  .option(
    '--layer-decay <share>',
    'learning rate of a layer, as a share of the layer above (default: as the study has it)',
    positive,
  )
  .option('--model <folder>', 'pretrained weights (default: DINOv2-small of the shared folder)')
  .option('--data <path>', 'clips, clouds or images with boxes (default: those of the study, in the shared folder)')
  .option('--crop', 'random resized crops too: harder to learn from so few clips in so few steps')
  .option(
    '--results <folder>',
    `result files (default: ${relative(repositoryRoot, resultsOf('methods'))} and its like, with --crop another)`,
  )
  .option('--work <folder>', 'checkpoints and reports of the runs', join(repositoryRoot, 'runs', 'study'))
  .option('--cli <file>', 'another build of the command line, for example packages/dr2net/dist/cli.js of a worktree')
  .option('--keep-models', 'leave the trained models in the working folders')
  .option('--list', 'only list the jobs')
  .action(run);
program
  .command('summarise')
  .description('write summary.md, the curves and the report of what is done')
  .addOption(studyOption())
  .option('--results <folder>', 'result files (default: the folder of the study)')
  .action(async ({ study, results }: { study: StudyName; results?: string }) => {
    process.stdout.write(`${await summarise(userPath(results ?? resultsOf(study)), studies[study].title)}\n`);
  });

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = error instanceof InterruptedError ? error.exitCode : 1;
}
