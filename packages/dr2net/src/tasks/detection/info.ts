/** `info` of a detector. */
import { startBackend } from '@dr2net/backends';
import { objectDetection } from '@dr2net/detection';
import {
  type DinoDetector,
  isDinoConfig,
  loadDino,
  loadYolos,
  readLabels,
  readModelConfig,
  type YolosDetector,
  yolosTokens,
} from '@dr2net/models';
import { type Described, listed, trainedWith } from '../described.ts';
import type { Detector } from './detector.ts';

/** @throws the errors of loading */
export async function describeDetector(model: string): Promise<Described> {
  const config = await readModelConfig(model);
  // Weights are read and counted, nothing is computed.
  const backend = await startBackend('cpu', { selfTest: false });
  try {
    if (!isDinoConfig(config)) {
      const detector = await loadYolos(model);
      return described(model, detector, yolosOf(detector));
    }
    const detector = await loadDino(model);
    return described(model, detector, dinoOf(detector));
  } finally {
    backend.dispose();
  }
}

/** What only one kind of network has: rows before those that all have, and facts. */
interface Own {
  readonly rows: readonly (readonly string[])[];
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Frees the detector. */
function described(model: string, detector: Detector, own: Own): Described {
  const { spec, parameters, training, unused, config } = detector;
  const count = parameters.reduce((sum, { size }) => sum + size, 0);
  const classes = readLabels(config) ?? [];
  detector.dispose();
  return {
    rows: [
      ['model', model],
      ...own.rows,
      ['parameters', `${count.toLocaleString('en')} in ${parameters.length} tensors`],
      ['classes', `${spec.classes}${classes.length > 0 ? `: ${listed(classes)}` : ''}`],
      ['trained with', trainedWith(training)],
      ['unused tensors', listed(unused)],
    ],
    facts: {
      model,
      ...own.facts,
      parameters: { tensors: parameters.length, count },
      head: { classes, outputs: spec.classes },
      training,
      unusedTensors: unused,
    },
  };
}

function yolosOf({ spec }: YolosDetector): Own {
  const { input, depth, width, detectionTokens, patch, midPositions } = spec;
  const tokens = yolosTokens(spec);
  return {
    rows: [
      ['architecture', 'yolos, a detector of objects in images'],
      ['input', `${input.size.join('×')} pixels, ${input.channels} channels, mean ${input.mean}, std ${input.std}`],
      ['blocks', `${depth} (${2 * depth} sub-blocks), width ${width}, patches of ${patch}`],
      ['positions', midPositions ? 'learned, and again before every block' : 'learned, once'],
      ['tokens', `${tokens} (${detectionTokens} find an object each)`],
    ],
    facts: {
      ...{ architecture: 'yolos', input: { kind: 'image', ...input }, depth, subBlocks: 2 * depth, width, tokens },
      ...{ detectionTokens, midPositions },
    },
  };
}

function dinoOf(detector: DinoDetector): Own {
  const { spec } = detector;
  const { backbone, encoder, decoder, width, levels, queries, twoStage, refine, mixedSelection, denoising } = spec;
  const { input, subBlocks } = objectDetection(detector);
  const { channels } = backbone.input;
  const stages = backbone.stages.map((stage) => stage.depth);
  const begins = twoStage ? "at the encoder's best proposals" : 'anywhere, learned';
  const parts = [
    `${queries} find an object each, beginning ${begins}`,
    ...(mixedSelection ? ['with contents of their own'] : []),
    ...(refine ? ['refined in every layer'] : []),
    ...(denoising ? ['noised objects beside them in training'] : []),
  ];
  return {
    rows: [
      ['architecture', 'deformable_detr, a detector of objects in images'],
      ['input', `${input.size.join('×')} pixels or others, ${channels} channels, mean ${input.mean}, std ${input.std}`],
      [
        'backbone',
        `swin, stages of ${stages.join(', ')} blocks, width ${backbone.stages.map((s) => s.width).join(', ')}`,
      ],
      ['maps', `${levels}, of stages ${backbone.features.map((stage) => stage + 1).join(', ')} and smaller ones`],
      ['encoder', `${encoder.layers} layers, width ${width}`],
      ['decoder', `${decoder.layers} layers; ${subBlocks} sub-blocks in all`],
      ['queries', parts.join(', ')],
    ],
    facts: {
      ...{ architecture: 'deformable_detr', input: { kind: 'image', ...input, channels } },
      ...{ backbone: { stages, features: backbone.features }, levels, encoder, decoder, width, queries, subBlocks },
    },
  };
}
