/** What the study runs: variants of training at depths and seeds. Pure; the queue in run.ts carries it out. */

/** One way of training. `options` are those of `dr2net finetune`. */
export interface Variant {
  readonly name: string;
  readonly options: (depth: number, epochs: number) => readonly string[];
}

/**
 * Anchors for a schedule that passes (1, 0.1), where the inverse multiplies rounding errors by about ten a sub-block
 * (design of the exact method): a state pair every third of the two sub-blocks a block.
 */
function anchors(depth: number): string[] {
  const at = Array.from({ length: Math.ceil((2 * depth) / 3) - 1 }, (_, index) => 3 * (index + 1));
  // As the published runs had them, whatever they are predicted to cost.
  return ['--anchors', at.join(','), '--tolerance', 'Infinity'];
}

const constant = (method: string, alpha: string, beta: string) => [
  '--method',
  method,
  '--alpha',
  alpha,
  '--beta',
  beta,
];
const reversible = (schedule: string) => ['--method', 'reversible', '--schedule', schedule];

/**
 * In the order in which a report shows them. `dynamic` ends at (0.4, 0.7) after three fifths of the run, and so do the
 * `authors`: their slope is 1/(end − start), and they stop at 0.6 of the way.
 */
export const variants: readonly Variant[] = [
  { name: 'conventional', options: () => ['--method', 'conventional'] },
  { name: 'exact', options: () => constant('exact', '63/64', '1/64') },
  {
    name: 'reversible-dynamic',
    options: (depth) => [...reversible('dynamic'), ...anchors(depth)],
  },
  {
    name: 'reversible-authors',
    options: (depth) => [...reversible('authors:end=100%'), ...anchors(depth)],
  },
  // The coefficients' path, with gradients within tolerance all along it.
  { name: 'exact-1/256', options: () => constant('exact', '255/256', '1/256') },
  { name: 'exact-1/16', options: () => constant('exact', '15/16', '1/16') },
  { name: 'exact-start', options: () => constant('exact', '1', '0.1') },
  // The same network by the inverse alone, however wrong the gradient: what a plain implementation does.
  {
    name: 'inverse-start',
    options: () => [...constant('reversible', '1', '0.1'), '--anchors', '0', '--tolerance', 'Infinity'],
  },
  { name: 'dynamic', options: () => reversible('dynamic') },
  { name: 'adaptive', options: () => reversible('adaptive') },
  { name: 'dynamic-sum-1', options: () => reversible('dynamic:sum=1') },
  { name: 'authors', options: () => reversible('authors:end=100%') },
  {
    name: 'negative',
    options: (_depth, epochs) =>
      reversible(`authors-early:policy=negative,end=${Math.max(3, Math.round(0.6 * epochs))}`),
  },
  { name: 'reversible-plain', options: () => constant('reversible', '0', '1') },
  { name: 'checkpoint', options: () => ['--method', 'checkpoint'] },
  { name: 'frozen', options: () => ['--method', 'frozen'] },
  // Of point clouds, where embedding and decoder are always new: only they learn; or the blocks learn, from nothing.
  { name: 'fixed-blocks', options: () => ['--method', 'conventional', '--blocks', 'fixed'] },
  { name: 'random-blocks', options: () => ['--method', 'conventional', '--blocks', 'random'] },
];

export type StudyTask = 'video' | 'pointcloud' | 'detection';

/** What is compared together, each study in a folder of its own. */
export interface Study {
  readonly folder: string;
  readonly epochs: number;
  readonly variants: readonly string[];
  readonly task: StudyTask;
  /** Under the shared folder. */
  readonly data: string;
  readonly depths: readonly number[];
  /** A network of our own that is never cut to a depth: its folder here. Default: the pretrained one of `--model`. */
  readonly network?: string;
  readonly batch: number;
  readonly lr: number;
  readonly layerDecay: number;
  /** Further options of `dr2net finetune` that all jobs share. */
  readonly common: readonly string[];
  /** What the study is called in its report. */
  readonly title: string;
}

/** The classes of UT-Interaction; the seventh, `background`, is no action. */
const actions = ['handshake', 'hug', 'kick', 'point', 'punch', 'push'];

const clips = {
  task: 'video',
  title: 'Finetuning on real clips by each method',
  data: 'data/ut-interaction/clips.csv',
  depths: [6, 12],
  batch: 5,
  lr: 2e-4,
  layerDecay: 0.75,
  common: ['--frames', '8', '--tubelet', '2', '--size', '112', '--fit', 'squash', '--classes', actions.join(',')],
} as const;

/** Of clouds, whose samples are columns: of plants as a whole, of a forest tiles. */
const clouds = {
  task: 'pointcloud',
  depths: [6],
  lr: 1e-3,
  layerDecay: 0.75,
  variants: ['conventional', 'exact', 'dynamic', 'frozen', 'fixed-blocks', 'random-blocks'],
} as const;
const column = (side: string) => ['--region', 'block', '--block-side', side];
const weighted = ['--group-size', '16', '--class-weights', 'sqrt'];
const plant = (n: number) => `28.2.23_${n}_edited_no_rgb_labeled.txt`;

/** Blood cells under a microscope: boxes, many of them small. The data may be shown. */
const cells = {
  task: 'detection',
  data: 'data/bccd/BCCD',
  depths: [6],
  batch: 4,
  lr: 3e-4,
  // Higher rates below unteach the blocks before the detection tokens have learnt to look.
  layerDecay: 0.6,
  variants: ['conventional', 'exact', 'dynamic', 'frozen'],
} as const;

const path = ['conventional', 'exact', 'dynamic', 'authors', 'adaptive', 'dynamic-sum-1'];

export const studies = {
  /** Every method of training. */
  methods: {
    ...clips,
    folder: 'ut-interaction',
    epochs: 16,
    variants: [
      'conventional',
      'exact',
      'reversible-dynamic',
      'reversible-authors',
      'reversible-plain',
      'checkpoint',
      'frozen',
    ],
  },
  /** What α and β and their path cost in a short run. */
  coefficients: {
    ...clips,
    depths: [6],
    folder: 'coefficients',
    epochs: 8,
    variants: [...path, 'exact-start', 'inverse-start', 'negative', 'exact-1/16', 'exact-1/256', 'reversible-plain'],
  },
  /** The same path at twice the length. */
  'coefficients-long': { ...clips, depths: [6], folder: 'coefficients-long', epochs: 16, variants: path },
  /** Stem and leaf of maize plants: eight to train on, three to validate on. */
  'points-maize': {
    ...clouds,
    folder: 'points-maize',
    title: 'Maize plants, stem and leaf, by each method',
    data: 'data/maize-organs',
    epochs: 20,
    batch: 4,
    common: [
      ...['--classes', 'stem=1,leaf=2-', '--columns', 'x,y,z,label', '--val-scenes', [11, 15, 17].map(plant).join(',')],
      ...[
        '--points',
        '1024',
        ...column('0.6'),
        '--unit',
        '0.05',
        '--samples',
        '4',
        '--evaluate-every',
        '4',
        ...weighted,
      ],
    ],
  },
  /** Trees, ground and clutter of a park and a plantation: tiles of 8 m, parted by place. */
  'points-forest': {
    ...clouds,
    folder: 'points-forest',
    title: 'Park and plantation, tree, ground and clutter, by each method',
    data: 'data/forest-lidar',
    epochs: 4,
    batch: 2,
    layerDecay: 1,
    // At 1e-3 two plots are learnt by heart: within 100 steps the validation's trees fall from 87 to 64 % and come back.
    lr: 3e-4,
    common: [
      ...['--train-scenes', 'Area_2/linchang_2,Area_1/Park_1 x<-10', '--val-scenes', 'Area_1/Park_1 x>=-10'],
      ...['--points', '4096', ...column('8'), '--voxel', '0.15', '--samples', '24', '--evaluate-every', '4'],
      // Clutter is 2 % of what is trained on; by the square root of the shares it is never predicted.
      ...['--group-size', '16', '--class-weights', 'inverse'],
    ],
  },
  /** Ground and what stands on it, from an aeroplane; in feet. The data may be shown. */
  'points-aerial': {
    ...clouds,
    folder: 'points-aerial',
    title: 'Ground from the air by each method',
    data: 'data/aerial-lidar/autzen_trim.laz',
    epochs: 8,
    batch: 4,
    variants: ['conventional', 'exact'],
    common: [
      ...[
        '--classes',
        'other=1,ground=2',
        '--train-scenes',
        'autzen_trim x<636700',
        '--val-scenes',
        'autzen_trim x>=636700',
      ],
      ...[
        '--points',
        '2048',
        ...column('120'),
        '--unit',
        '10',
        '--samples',
        '48',
        '--evaluate-every',
        '4',
        ...weighted,
      ],
    ],
  },
  /** YOLOS on the blocks of DINOv2, at 0.7 of the pictures' size. */
  'boxes-bccd': {
    ...cells,
    folder: 'boxes-bccd',
    title: 'Blood cells by each method, YOLOS at 336 × 448',
    epochs: 8,
    common: ['--size', '336x448', '--detections', '60', '--clip', '0.1', '--evaluate-every', '2'],
  },
  /** The same at the pictures' full size, where `conventional` needs 1.8 times the memory that it needs at 0.7 of it. */
  'boxes-bccd-large': {
    ...cells,
    folder: 'boxes-bccd-large',
    title: 'Blood cells at 490 × 644, YOLOS',
    epochs: 8,
    variants: ['exact', 'frozen'],
    common: ['--size', '490x644', '--detections', '60', '--clip', '0.1', '--evaluate-every', '2'],
  },
  /** A Swin of ten blocks and a DINO of 2 + 3 layers, from random weights. */
  'boxes-bccd-swin': {
    ...cells,
    folder: 'boxes-bccd-swin',
    title: 'Blood cells by each method, Swin and DINO from random weights at 336 × 448',
    epochs: 8,
    network: 'swin-cells',
    depths: [10],
    batch: 2,
    lr: 4e-4,
    layerDecay: 1,
    variants: ['conventional', 'exact', 'dynamic', 'frozen'],
    common: [
      ...['--size', '336x448', '--blocks', 'random', '--queries', '100', '--encoder-layers', '2'],
      ...['--decoder-layers', '3', '--width', '128', '--denoising', '60', '--clip', '0.1', '--evaluate-every', '2'],
    ],
  },
} satisfies Record<string, Study>;

export interface Job {
  readonly variant: string;
  /** Blocks of the backbone that are used. */
  readonly depth: number;
  readonly seed: number;
}

export function jobName({ variant, depth, seed }: Job): string {
  return `${variant.replace('/', '_')}-d${depth}-s${seed}`;
}

/** @throws for a variant that does not exist */
export function variantOf(name: string): Variant {
  const variant = variants.find((candidate) => candidate.name === name);
  if (!variant)
    throw new Error(`No variant "${name}"; there are ${variants.map((candidate) => candidate.name).join(', ')}.`);
  return variant;
}

export interface Plan {
  readonly variants: readonly string[];
  readonly depths: readonly number[];
  readonly seeds: readonly number[];
}

/** All jobs, seed by seed: when the time is up, what is done is a whole comparison with fewer seeds. */
export function jobsOf(plan: Plan): Job[] {
  for (const name of plan.variants) variantOf(name);
  return plan.seeds.flatMap((seed) =>
    plan.depths.flatMap((depth) => plan.variants.map((variant) => ({ variant, depth, seed }))),
  );
}
