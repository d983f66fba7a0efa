/** Detectors from disk and to disk. */
import { Parameter } from '@dr2net/ops';
import type { SavedTraining } from '../backbone.ts';
import { openCheckpoint } from '../checkpoint/checkpoint.ts';
import { sources } from '../checkpoint/sources.ts';
import type { ModelFolder, ModelSource } from '../files/chosen-folder.ts';
import { readConfig, readPreprocessor } from '../files/config-files.ts';
import { openSource, type SourceOptions } from '../files/source.ts';
import { writeLabels } from '../heads/labels.ts';
import { readOwnConfig, writeOwnConfig } from '../own-config.ts';
import { readPlanned } from '../read-parameters.ts';
import { saveModel } from '../save.ts';
import { isSwinBuffer } from '../swin/names.ts';
import type { PlannedParameter } from '../transformer/plan.ts';
import type { PictureSize } from '../yolos/spec.ts';
import { DinoDetector } from './detector.ts';
import { planDino } from './plan.ts';
import { type DinoOptions, dinoSize, readDinoSpec } from './spec.ts';

/** How a saved Deformable DETR or DINO is loaded. */
export interface LoadDinoOptions extends SourceOptions, DinoOptions {}

/**
 * Where a checkpoint holds a head's tensor: as planned, or at the other place of the two that published heads have, or, where the layers
 * share what is published once, at the first layer's.
 */
function placeOf(key: string, keys: ReadonlyMap<string, unknown>): string {
  const head = /^(?:model\.decoder\.)?((?:class|bbox)_embed)\.(\d+)\.(.+)$/.exec(key);
  if (!head || keys.has(key)) return key;
  const [, kind, i, rest] = head;
  const places = [i, '0'].flatMap((n) => ['model.decoder.', ''].map((inside) => `${inside}${kind}.${n}.${rest}`));
  return places.find((place) => keys.has(place)) ?? key;
}

function located(plan: readonly PlannedParameter[], keys: ReadonlyMap<string, unknown>): PlannedParameter[] {
  return plan.map((planned) => ({
    ...planned,
    layout: planned.layout.map((part) => (part.key === null ? part : { ...part, key: placeOf(part.key, keys) })),
  }));
}

/**
 * Loads a `DeformableDetrForObjectDetection` with a Swin, or what `saveDino` wrote: `config.json` and `model.safetensors`.
 * @param source a folder (Node), a folder's handle (a page), an http(s) address of one, or a hub id
 * @throws {ModelSourceError | ConfigError | CheckpointError | MissingTensorError | TensorShapeError | ModelOptionError}
 */
export async function loadDino(source: ModelSource, options: LoadDinoOptions = {}): Promise<DinoDetector> {
  const files = await openSource(source, options);
  const config = await readConfig(files);
  const { training } = readOwnConfig(config);
  const read = readDinoSpec(config, options, await readPreprocessor(files));
  const checkpoint = await openCheckpoint(files);
  const plan = located(planDino(read), checkpoint.entries);
  // A tensor that several layers have is read for the first of them.
  const first = new Map<string, string>();
  const copies = new Map<string, string>();
  for (const { name, layout } of plan) {
    const key = layout[0]!.key!;
    const before = first.get(key);
    if (before) copies.set(name, before);
    else first.set(key, name);
  }
  const wanted = plan.filter(({ name }) => !copies.has(name));
  const { parameters, unused } = await readPlanned(wanted, checkpoint);
  try {
    for (const [name, from] of copies)
      parameters.set(name, new Parameter(name, parameters.get(from)!.variable.clone()));
    const isTied = (key: string) => /(?:class|bbox)_embed\.\d+\./.test(key);
    return new DinoDetector({
      ...{ ...read, config: config.json, parameters, training },
      unused: unused.filter((key) => !isSwinBuffer(key) && !isTied(key)),
    });
  } catch (error) {
    for (const parameter of parameters.values()) parameter.dispose();
    throw error;
  }
}

/** What is saved beside a Deformable DETR's or DINO's weights. */
export interface SaveDinoOptions {
  /** α, β and method, saved under `dr2net` and restored by `loadDino`. Default: as they were. */
  readonly training?: SavedTraining;
  /** Class names, in the order of the logits. Default: as they were. */
  readonly labels?: readonly string[];
  /** Height and width of the pictures that it is for, in pixels (`image_size`). Default: as it was, else the Swin's. */
  readonly size?: PictureSize;
  /** More fields of `config.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Saves a detector under the names of a `DeformableDetrForObjectDetection`, float32, with its preprocessor. */
export async function saveDino(
  folder: ModelFolder,
  detector: DinoDetector,
  options: SaveDinoOptions = {},
): Promise<void> {
  const { dr2net: _, ...published } = detector.config;
  const { mean, std, size: side } = detector.spec.backbone.input;
  const size = options.size ?? dinoSize(detector.config);
  const config = {
    ...published,
    ...(options.labels ? writeLabels(options.labels) : {}),
    ...(size ? { image_size: [...size] } : {}),
    ...options.config,
    ...writeOwnConfig({ training: options.training ?? detector.training, head: null }),
  };
  const tensors = detector.parameters.flatMap((parameter) => sources(parameter, detector.layoutOf(parameter)));
  await saveModel(folder, config, tensors, {
    preprocessor: {
      image_mean: mean,
      image_std: std,
      size: { height: size?.[0] ?? side, width: size?.[1] ?? side },
    },
  });
}
