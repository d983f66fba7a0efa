/** Python: a YOLOS over the tensors of its checkpoint. */
import { huggingFaceNames, type YolosDetector } from '@dr2net/models';
import type { TrainedCoefficients } from '../networks/metadata.ts';
import { type YolosToExport, yolosNetwork } from '../networks/yolos.ts';
import { preamble, recurrence, subBlocks } from './blocks.ts';
import { modelCard } from './card.ts';

const { block, norm } = huggingFaceNames({ prefix: 'vit.' });

/** A program that defines `forward(pixels)`, logits and boxes; run where `model.safetensors` is. */
function program({ spec }: YolosDetector, trained: TrainedCoefficients): string {
  const { patch, input, detectionTokens, midPositions, referenceBoxes, ...sizes } = spec;
  const blocks = { ...sizes, block, ...(midPositions && { midPositions: 'vit.encoder.mid_position_embeddings' }) };
  const boxes = `network(x, "bbox_predictor")${referenceBoxes ? ' + w["reference_boxes"]' : ''}`;
  return [
    ...preamble(trained, spec.epsilon, 'conv2d', true),
    `def embed(pixels):  # [batch, ${input.channels}, ${input.size.join(', ')}], normalised`,
    '    e = "vit.embeddings."',
    '    patch = e + "patch_embeddings.projection"',
    `    x = conv2d(pixels, w[patch + ".weight"], w[patch + ".bias"], stride=${patch}).flatten(2).transpose(1, 2)`,
    '    cls, found = (w[e + t].expand(len(x), -1, -1) for t in ("cls_token", "detection_tokens"))',
    '    return torch.cat([cls, x, found], 1) + w[e + "position_embeddings"]',
    '',
    ...subBlocks(blocks),
    'def network(x, name):',
    '    x = relu(dense(relu(dense(x, name + ".layers.0")), name + ".layers.1"))',
    '    return dense(x, name + ".layers.2")',
    '',
    '@torch.no_grad()',
    'def forward(pixels):  # logits, the last "no object"; boxes: centre x, centre y, width, height, as shares of the sides',
    '    x = embed(pixels)',
    ...recurrence(blocks, trained.read ?? 'last'),
    `    x = norm(x[:, -${detectionTokens}:], "${norm}")`,
    `    return network(x, "class_labels_classifier"), torch.sigmoid(${boxes})`,
  ].join('\n');
}

/** The `README.md` of a detector that is saved by `saveYolos`, with a program that runs it in PyTorch. */
export function yolosCard(model: YolosToExport): string {
  const { channels, size } = model.detector.spec.input;
  return modelCard({
    network: yolosNetwork(model),
    python: program(model.detector, model),
    example: [channels, ...size],
  });
}
