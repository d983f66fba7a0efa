/** `dr2net info MODEL`: what a model folder holds, and what is made of it. */
import type { Backbone } from '@dr2net/models';
import type { Command } from 'commander';
import { addShapeOptions, modelOptionsOf, type ShapeOptions } from '../options/model.ts';
import { type Output, textTable } from '../output.ts';

export function addInfo(program: Command, output: Output): Command {
  const command = program
    .command('info')
    .description('Show the architecture, parameters, input and saved training of a model, and the tensors left over.')
    .argument('<model>', 'a model folder, its http(s) address, or a hub id owner/name');
  return addShapeOptions(command).action((source: string, options: ShapeOptions) => info(source, options, output));
}

async function info(source: string, options: ShapeOptions, output: Output): Promise<void> {
  const { startBackend } = await import('@dr2net/backends');
  // Weights are read and counted, nothing is computed.
  const backend = await startBackend('cpu', { selfTest: false });
  const { loadBackbone, readLabels } = await import('@dr2net/models');
  const backbone = await loadBackbone(source, modelOptionsOf(options));
  try {
    const facts = describe(source, backbone, readLabels);
    output.line(textTable(['', ''], rows(facts)).split('\n').slice(2).join('\n'));
    output.result(facts);
  } finally {
    backbone.dispose();
    backend.dispose();
  }
}

/** The models package is loaded when it is used. */
type ReadLabels = typeof import('@dr2net/models').readLabels;

interface Facts {
  readonly model: string;
  readonly architecture: string;
  readonly input: Backbone['input'];
  readonly depth: number;
  readonly subBlocks: number;
  readonly width: number;
  readonly tokens: number;
  readonly prefixTokens: number;
  readonly parameters: { readonly tensors: number; readonly count: number; readonly bytes: number };
  readonly head: Backbone['head'] & { readonly inCheckpoint: boolean; readonly classes: readonly string[] };
  readonly training: Backbone['training'];
  /** Tensors of the checkpoint that nothing is made of. */
  readonly unusedTensors: readonly string[];
  /** Tensors of the published head that the checkpoint lacks; a new head is made at random. */
  readonly missingTensors: readonly string[];
}

function describe(model: string, backbone: Backbone, readLabels: ReadLabels): Facts {
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
    [
      'trained with',
      training
        ? `α = ${training.coefficients.alpha}, β = ${training.coefficients.beta}, method ${training.method.name}, head reads ${training.read}`
        : 'not by dr2net: α = 1, β = 0',
    ],
    ['missing tensors', list(facts.missingTensors)],
    ['unused tensors', list(facts.unusedTensors)],
  ];
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 6).join(', ');
  return names.length === 0 ? 'none' : names.length > 6 ? `${shown} and ${names.length - 6} more` : shown;
}
