/** Reads a checkpoint's tensors into parameters, one at a time. */
import { Parameter } from '@dr2net/ops';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { ModelDescription } from './architectures/architecture.ts';
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import type { HostTensor } from './checkpoint/decode.ts';
import { joinColumns, type Part, toColumns } from './checkpoint/layout.ts';
import { MissingTensorError, TensorShapeError } from './errors.ts';
import { suggestion } from './nearest.ts';
import { type PlannedParameter, planParameters } from './transformer/plan.ts';
import { resampleGrid, resampleLine } from './transformer/resample.ts';
import { gridSide, timeSteps } from './transformer/spec.ts';

/** A parameter by name, and where it lies in the checkpoint. */
type Planned = Pick<PlannedParameter, 'name' | 'layout'>;

/** How a tensor of the checkpoint is brought to the shape that the parameter needs. */
interface Source {
  /** Shape in the checkpoint. */
  readonly shape: readonly number[];
  adapt(tensor: HostTensor): HostTensor;
}

function sourceOf(description: ModelDescription, planned: Planned, part: Part): Source {
  const { spec, checkpointSize, checkpointSteps } = description;
  if (planned.name === 'stem.position') {
    const places = spec.prefix.length + (checkpointSize / spec.patch) ** 2;
    const adapt = (tensor: HostTensor) => resampleGrid(tensor, spec.prefix.length, gridSide(spec));
    return { shape: [1, places, spec.width], adapt };
  }
  if (planned.name === 'stem.temporal') {
    const shape = [1, checkpointSteps ?? timeSteps(spec), spec.width];
    return { shape, adapt: (tensor) => resampleLine(tensor, timeSteps(spec)) };
  }
  return { shape: part.shape, adapt: (tensor) => tensor };
}

/** One tensor to be read: which columns of which parameter it becomes. */
interface Wanted {
  readonly planned: Planned;
  readonly index: number;
  readonly part: Part;
  readonly source: Source;
}

function check(key: string, { source }: Wanted, checkpoint: Checkpoint): void {
  const entry = checkpoint.entries.get(key);
  if (!entry)
    throw new MissingTensorError(
      `${checkpoint.name}: tensor ${key} [${source.shape}] is missing${suggestion(key, checkpoint.entries.keys())}. The weights are of another model than config.json says, or incomplete.`,
    );
  if (entry.shape.length !== source.shape.length || entry.shape.some((size, axis) => size !== source.shape[axis]))
    throw new TensorShapeError(
      `${checkpoint.name}: tensor ${key} is [${entry.shape}] where config.json needs [${source.shape}]. Correct config.json or take the weights that belong to it.`,
    );
}

export interface ReadParameters {
  /** By our name; owned by the caller. */
  readonly parameters: Map<string, Parameter>;
  readonly extra: Map<string, HostTensor>;
  readonly unused: string[];
}

/**
 * Reads all parameters of the description, and the `extra` keys to the host. Missing and wrong-shaped tensors are
 * refused before anything is read.
 */
export async function readParameters(
  description: ModelDescription,
  checkpoint: Checkpoint,
  extraKeys: ReadonlySet<string>,
): Promise<ReadParameters> {
  const plan = planParameters(description.spec, description.names);
  return readPlanned(plan, checkpoint, extraKeys, (planned, part) => sourceOf(description, planned, part));
}

/** How each part of a plan lies in the checkpoint. */
export type PartSource = (planned: Planned, part: Part) => Source;

const asItIs: PartSource = (_, part) => ({ shape: part.shape, adapt: (tensor) => tensor });

/** The same for a plan of any model, whose tensors are brought to shape by `source`; by default they have it. */
export async function readPlanned(
  plan: readonly Planned[],
  checkpoint: Checkpoint,
  extraKeys: ReadonlySet<string> = new Set(),
  source: PartSource = asItIs,
): Promise<ReadParameters> {
  const wanted = new Map<string, Wanted>();
  for (const planned of plan) {
    planned.layout.forEach((part, index) => {
      if (part.key === null) return;
      const item = { planned, index, part, source: source(planned, part) };
      check(part.key, item, checkpoint);
      wanted.set(part.key, item);
    });
  }

  const parameters = new Map<string, Parameter>();
  const extra = new Map<string, HostTensor>();
  const pending = new Map<Planned, (Tensor | null)[]>();
  try {
    await checkpoint.read(new Set([...wanted.keys(), ...extraKeys]), (key, host) => {
      const item = wanted.get(key);
      if (!item) return void extra.set(key, host);
      const columns = pending.get(item.planned) ?? item.planned.layout.map(() => null);
      pending.set(item.planned, columns);
      columns[item.index] = upload(item.part, item.source.adapt(host));
      if (item.planned.layout.some((part, i) => part.key !== null && !columns[i])) return;
      pending.delete(item.planned);
      parameters.set(item.planned.name, join(item.planned, columns));
    });
  } catch (error) {
    for (const columns of pending.values()) for (const tensor of columns) tensor?.dispose();
    for (const parameter of parameters.values()) parameter.dispose();
    throw error;
  }
  const unused = [...checkpoint.entries.keys()].filter((key) => !wanted.has(key) && !extraKeys.has(key)).sort();
  return { parameters, extra, unused };
}

function upload(part: Part, host: HostTensor): Tensor {
  const published = tensor(host.data, [...host.shape], 'float32');
  try {
    return toColumns({ ...part, shape: host.shape }, published);
  } finally {
    published.dispose();
  }
}

function join(planned: Planned, columns: readonly (Tensor | null)[]): Parameter {
  try {
    return new Parameter(planned.name, joinColumns(planned.layout, columns));
  } finally {
    for (const tensor of columns) tensor?.dispose();
  }
}
