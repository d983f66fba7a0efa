/** `info` of a detector. */
import { startBackend } from '@dr2net/backends';
import { loadYolos, readLabels, yolosTokens } from '@dr2net/models';
import { type Described, listed, trainedWith } from '../described.ts';

/** @throws the errors of loading */
export async function describeDetector(model: string): Promise<Described> {
  // Weights are read and counted, nothing is computed.
  const backend = await startBackend('cpu', { selfTest: false });
  try {
    const detector = await loadYolos(model);
    const { spec, parameters, training, unused, config } = detector;
    const { input, depth, width, detectionTokens, patch, midPositions } = spec;
    const count = parameters.reduce((sum, { size }) => sum + size, 0);
    const classes = readLabels(config) ?? [];
    detector.dispose();
    return {
      rows: [
        ['model', model],
        ['architecture', 'yolos, a detector of objects in images'],
        ['input', `${input.size.join('×')} pixels, ${input.channels} channels, mean ${input.mean}, std ${input.std}`],
        ['blocks', `${depth} (${2 * depth} sub-blocks), width ${width}, patches of ${patch}`],
        ['positions', midPositions ? 'learned, and again before every block' : 'learned, once'],
        ['tokens', `${yolosTokens(spec)} (${detectionTokens} find an object each)`],
        ['parameters', `${count.toLocaleString('en')} in ${parameters.length} tensors`],
        ['classes', `${spec.classes}${classes.length > 0 ? `: ${listed(classes)}` : ''}`],
        ['trained with', trainedWith(training)],
        ['unused tensors', listed(unused)],
      ],
      facts: {
        model,
        architecture: 'yolos',
        input: { kind: 'image', ...input },
        depth,
        subBlocks: 2 * depth,
        width,
        tokens: yolosTokens(spec),
        detectionTokens,
        midPositions,
        parameters: { tensors: parameters.length, count },
        head: { classes, outputs: spec.classes },
        training,
        unusedTensors: unused,
      },
    };
  } finally {
    backend.dispose();
  }
}
