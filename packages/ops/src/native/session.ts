/** Runs graphs on the node backend, through what tfjs-node has for SavedModels. */
import { backend, type Tensor } from '@tensorflow/tfjs-core';
import { Graph, type Value } from './graph.ts';

/** The part of the node backend's class that is used here. */
interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: {
    loadSavedModel(folder: string, tags: string): number;
    runSavedModel(session: number, inputs: number[], inputNames: string, outputNames: string): object[];
  };
  getInputTensorIds(tensors: Tensor[]): number[];
  createOutputTensor(metadata: object): Tensor;
}

const node = () => backend() as unknown as NodeBackend;

/** TensorFlow loads a SavedModel from a folder only. */
function load(graph: Graph): number {
  const fs = process.getBuiltinModule('node:fs');
  const folder = fs.mkdtempSync(`${process.getBuiltinModule('node:os').tmpdir()}/dr2net-graph-`);
  try {
    fs.writeFileSync(`${folder}/saved_model.pb`, graph.savedModel());
    return node().binding.loadSavedModel(folder, 'serve');
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** TensorFlow's name for an output: the node and which of its outputs. */
const nameOf = (output: Value) => (output.includes(':') ? output : `${output}:0`);

/** A graph with named inputs (its placeholders) and outputs. */
export interface Program<Input extends string, Output extends string> {
  /** Runs what the wanted outputs need; feeds what they depend on. Results are owned by the caller. */
  run<Wanted extends Output>(inputs: Partial<Record<Input, Tensor>>, wanted: readonly Wanted[]): Record<Wanted, Tensor>;
}

/** `inputs` are names with types; `define` writes the graph on first use; every backend instance loads it once. */
export function program<Input extends string, Output extends string>(
  inputs: Readonly<Record<Input, 'float32' | 'int32'>>,
  define: (graph: Graph, inputs: Readonly<Record<Input, Value>>) => Readonly<Record<Output, Value>>,
): Program<Input, Output> {
  const sessions = new WeakMap<NodeBackend, number>();
  let outputs: Readonly<Record<Output, Value>> | undefined;
  let graph: Graph | undefined;
  return {
    run(feeds, wanted) {
      if (wanted.length === 0) return {} as Record<(typeof wanted)[number], Tensor>;
      if (!graph || !outputs) {
        graph = new Graph();
        const nodes = {} as Record<Input, Value>;
        for (const [name, type] of Object.entries(inputs) as [Input, 'float32' | 'int32'][])
          nodes[name] = graph.input(name, type);
        outputs = define(graph, nodes);
      }
      let session = sessions.get(node());
      if (session === undefined) {
        session = load(graph);
        sessions.set(node(), session);
      }
      const names = Object.keys(feeds) as Input[];
      const made = node().binding.runSavedModel(
        session,
        node().getInputTensorIds(names.map((name) => feeds[name]!)),
        names.map((name) => `${name}:0`).join(','),
        wanted.map((name) => nameOf(outputs![name])).join(','),
      );
      const result = {} as Record<(typeof wanted)[number], Tensor>;
      wanted.forEach((name, i) => {
        result[name] = node().createOutputTensor(made[i]!);
      });
      return result;
    },
  };
}
