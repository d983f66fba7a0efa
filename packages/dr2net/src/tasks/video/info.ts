/** `info` of a backbone of images or clips, and its head. */
import { startBackend } from '@dr2net/backends';
import { loadBackbone, readLabels, type TransformerBackbone } from '@dr2net/models';
import { modelOptionsOf, type ShapeOptions } from '../../options/model.ts';
import { type Described, listed, trainedWith } from '../described.ts';

interface Facts {
  readonly model: string;
  readonly architecture: string;
  readonly input: TransformerBackbone['input'];
  readonly depth: number;
  readonly subBlocks: number;
  readonly width: number;
  readonly tokens: number;
  readonly prefixTokens: number;
  readonly parameters: { readonly tensors: number; readonly count: number; readonly bytes: number };
  readonly head: TransformerBackbone['head'] & { readonly inCheckpoint: boolean; readonly classes: readonly string[] };
  readonly training: TransformerBackbone['training'];
  /** Tensors of the checkpoint that nothing is made of. */
  readonly unusedTensors: readonly string[];
  /** Tensors of the published head that the checkpoint lacks; a new head is made at random. */
  readonly missingTensors: readonly string[];
}

function factsOf(model: string, backbone: TransformerBackbone): Facts {
  const { architecture, input, depth, subBlocks, width, tokens, prefixTokens, parameters, head, extra } = backbone;
  const modules = [...head.outputs, ...(head.norm === null ? [] : [head.norm])];
  const missingTensors = modules.flatMap((name) => [`${name}.weight`, `${name}.bias`]).filter((key) => !extra.has(key));
  return {
    model,
    architecture,
    input,
    depth,
    subBlocks: subBlocks.length,
    width,
    tokens,
    prefixTokens,
    parameters: {
      tensors: parameters.length,
      count: parameters.reduce((sum, { size }) => sum + size, 0),
      bytes: parameters.reduce((sum, { bytes }) => sum + bytes, 0),
    },
    head: { ...head, inCheckpoint: missingTensors.length === 0, classes: readLabels(backbone.config) ?? [] },
    training: backbone.training,
    unusedTensors: backbone.unused,
    missingTensors,
  };
}

function rows(facts: Facts): string[][] {
  const { input, parameters, head, training } = facts;
  const clip = input.kind === 'video' ? `${input.frames} frames of ` : '';
  return [
    ['model', facts.model],
    ['architecture', facts.architecture],
    [
      'input',
      `${clip}${input.size}×${input.size} pixels, ${input.channels} channels, mean ${input.mean}, std ${input.std}`,
    ],
    ['blocks', `${facts.depth} (${facts.subBlocks} sub-blocks), width ${facts.width}`],
    ['tokens', `${facts.tokens} (${facts.prefixTokens} before the patches)`],
    ['parameters', `${parameters.count.toLocaleString('en')} in ${parameters.tensors} tensors`],
    [
      'head',
      head.inCheckpoint
        ? `in the checkpoint, ${head.classes.length} classes`
        : 'not in the checkpoint (finetune makes a new one)',
    ],
    ['trained with', trainedWith(training)],
    ['missing tensors', listed(facts.missingTensors)],
    ['unused tensors', listed(facts.unusedTensors)],
  ];
}

/** @throws the errors of loading */
export async function describeBackbone(model: string, options: ShapeOptions): Promise<Described> {
  // Weights are read and counted, nothing is computed.
  const backend = await startBackend('cpu', { selfTest: false });
  try {
    const backbone = await loadBackbone(model, modelOptionsOf(options));
    const facts = factsOf(model, backbone);
    backbone.dispose();
    return { facts, rows: rows(facts) };
  } finally {
    backend.dispose();
  }
}
