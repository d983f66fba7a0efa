/** Point segmenters from disk, to disk, and new ones: as in Pix4Point, an image ViT's blocks under a fresh embedding and decoder. */
import { ConfigReader } from '../architectures/config.ts';
import type { SavedTraining } from '../backbone.ts';
import { openCheckpoint } from '../checkpoint/checkpoint.ts';
import type { TensorSource } from '../checkpoint/encode.ts';
import { sources } from '../checkpoint/sources.ts';
import { ModelOptionError } from '../errors.ts';
import type { ModelFolder, ModelSource } from '../files/chosen-folder.ts';
import { readConfig } from '../files/config-files.ts';
import { openSource, type SourceOptions } from '../files/source.ts';
import { writeLabels } from '../heads/labels.ts';
import { initialise } from '../initial.ts';
import { readOwnConfig, writeOwnConfig } from '../own-config.ts';
import { readPlanned } from '../read-parameters.ts';
import { saveModel } from '../save.ts';
import type { TransformerBackbone } from '../transformer/transformer-backbone.ts';
import { counterKeys, planPoints } from './plan.ts';
import { PointSegmenter } from './point-segmenter.ts';
import { type PointSpec, type PositionShift, readPointSpec } from './spec.ts';
import { requireFit, transplant } from './transplant.ts';

interface ShiftOption {
  /**
   * Where the positions go. Default: as the configuration says, before every block on the skip path too (`skip`, the authors' fragment)
   * or once; `branch` keeps the recurrence pure. All are the same network at (α, β) = (1, 0).
   */
  readonly shift?: PositionShift;
  /** Rows worked on at a time, neighbours in the embedding, points in decoder and head; default 2048. More take more memory. */
  readonly partRows?: number;
}

function specOf(config: ConfigReader, { shift, partRows = 1 }: ShiftOption): PointSpec {
  const spec = readPointSpec(config);
  if (!Number.isInteger(partRows) || partRows < 1)
    throw new ModelOptionError(`partRows is ${partRows}; it must be a whole number of 1 or more.`);
  if (shift !== undefined && (shift === 'once') !== (spec.shift === 'once'))
    throw new ModelOptionError(
      `shift is ${shift}, but config.json adds the positions ${spec.shift === 'once' ? 'once' : 'before every block'}; correct add_pos_each_block or leave the option out.`,
    );
  return shift === undefined ? spec : { ...spec, shift };
}

/** How a saved segmenter is loaded. */
export interface LoadSegmenterOptions extends SourceOptions, ShiftOption {}

/**
 * Loads a segmenter: an OpenPoints configuration as `config.json`, its state dict as `model.safetensors`.
 * @param source a folder (Node), an http(s) address of one, or a hub id
 * @throws {ModelSourceError | ConfigError | CheckpointError | MissingTensorError | TensorShapeError | ModelOptionError}
 */
export async function loadSegmenter(source: ModelSource, options: LoadSegmenterOptions = {}): Promise<PointSegmenter> {
  const files = await openSource(source, options);
  const config = await readConfig(files);
  const { training } = readOwnConfig(config);
  const spec = savedSpec(config, options);
  const checkpoint = await openCheckpoint(files);
  const { parameters, extra, unused } = await readPlanned(planPoints(spec), checkpoint, new Set(counterKeys(spec)));
  const { partRows } = options;
  return new PointSegmenter({
    spec,
    config: config.json,
    parameters,
    unused,
    training,
    counters: new Map([...extra].map(([key, { data }]) => [key, data[0] ?? 0])),
    ...(partRows !== undefined && { partRows }),
  });
}

function savedSpec(config: ConfigReader, options: ShiftOption): PointSpec {
  return specOf(config, options.shift ? options : { ...options, ...savedShift(config) });
}

/**
 * The numbers of a segmenter from its `config.json`, without weights.
 * @throws {ConfigError | ModelOptionError}
 */
export function segmenterSpec(config: Readonly<Record<string, unknown>>, options: ShiftOption = {}): PointSpec {
  return savedSpec(new ConfigReader(config, 'the configuration'), options);
}

/** `saveSegmenter` writes which reading the network was trained with. */
export function savedShift(config: ConfigReader): ShiftOption {
  return config.part('dr2net').text('shift', '') === 'branch' ? { shift: 'branch' } : {};
}

/** What is saved beside a segmenter's weights. */
export interface SaveSegmenterOptions {
  /** α, β and method, saved under `dr2net` and restored by `loadSegmenter`. Default: as they were. */
  readonly training?: SavedTraining;
  /** Class names, in the order of the logits. Default: as they were. */
  readonly labels?: readonly string[];
  /** More fields of `config.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Saves a segmenter under the names of an OpenPoints state dict, which loads it strictly: float32, and BatchNorm's counts of batches as int64. */
export async function saveSegmenter(
  folder: ModelFolder,
  model: PointSegmenter,
  options: SaveSegmenterOptions = {},
): Promise<void> {
  const { dr2net: _, ...before } = model.config;
  const published = { ...before, ...(options.labels ? writeLabels(options.labels) : {}), ...options.config };
  const own = writeOwnConfig({ training: options.training ?? model.training, head: null }).dr2net;
  const branch = model.spec.shift === 'branch' ? { shift: 'branch' } : {};
  const config = own || branch.shift ? { ...published, dr2net: { ...own, ...branch } } : published;
  await saveModel(folder, config, [
    ...model.parameters.flatMap((parameter) => sources(parameter, model.layoutOf(parameter))),
    ...counterSources(model),
  ]);
}

/** A count that is not known is 0: PyTorch uses it only for BatchNorm without momentum, and refuses a state dict that lacks it. */
function counterSources({ spec, counters }: PointSegmenter): TensorSource[] {
  const read = (key: string) => () => Float32Array.of(counters.get(key) ?? 0);
  return counterKeys(spec).map((key) => ({ key, shape: [], dtype: 'I64', read: read(key) }));
}

/** How a new segmenter begins. */
export interface NewSegmenterOptions extends ShiftOption {
  /** A transformer of the same width whose blocks and last norm the new one starts with; borrowed, copied. */
  readonly blocks?: TransformerBackbone;
}

/**
 * A new segmenter: weights of embedding, decoder and head uniform within ±1/√inputs, those of the blocks, the positions and the class token
 * truncated normal (σ = 0.02), biases 0, norms 1, the same for the same seed. Of `blocks`, where given, it takes blocks, last norm and class
 * token, and its tokens begin at their size (Pix4Point, arXiv 2208.12259).
 * @param config an OpenPoints configuration as JSON
 * @throws {ConfigError | ModelOptionError}
 */
export function createSegmenter(
  config: Readonly<Record<string, unknown>>,
  seed: number,
  options: NewSegmenterOptions = {},
): PointSegmenter {
  const spec = specOf(new ConfigReader(config, 'the configuration'), options);
  const { blocks, partRows } = options;
  if (blocks) requireFit(spec, blocks.spec);
  const parameters = initialise(planPoints(spec), seed);
  if (blocks) transplant(parameters, spec, blocks);
  return new PointSegmenter({ spec, config, parameters, fresh: true, ...(partRows !== undefined && { partRows }) });
}

/** Whether a `config.json` describes a point segmenter, and not an image or video model. */
export function isSegmenterConfig(config: Readonly<Record<string, unknown>>): boolean {
  const { model } = config;
  return typeof model === 'object' && model !== null && 'NAME' in model && model.NAME === 'BaseSeg';
}

/**
 * The same network under a new head for so many classes. The model is taken over: do not use or dispose of it any more.
 * @throws {ConfigError} for no classes
 */
export function withNewHead(model: PointSegmenter, classes: number, seed: number): PointSegmenter {
  const { model: network, ...rest } = model.config as { readonly model: Readonly<Record<string, unknown>> };
  const head = { ...(network.cls_args as Readonly<Record<string, unknown>>), num_classes: classes };
  const { id2label: _, label2id: __, ...further } = rest as Readonly<Record<string, unknown>>;
  const config = { ...further, model: { ...network, cls_args: head } };
  const spec = { ...readPointSpec(new ConfigReader(config)), shift: model.spec.shift };
  const isHead = ({ name }: { readonly name: string }) => name.startsWith('head.');
  const made = initialise(planPoints(spec).filter(isHead), seed);
  for (const parameter of model.parameters.filter(isHead)) parameter.dispose();
  const kept = model.parameters.filter((parameter) => !isHead(parameter));
  const parameters = new Map([...kept.map((parameter) => [parameter.name, parameter] as const), ...made]);
  const { unused, training, partRows, counters } = model;
  return new PointSegmenter({ spec, config, parameters, unused, training, partRows, counters });
}
