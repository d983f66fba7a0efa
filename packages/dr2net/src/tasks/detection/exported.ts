/** A detector for other programs. */
import { yolosNetwork } from '@dr2net/export';
import { loadYolos, readLabels, settledTraining } from '@dr2net/models';
import type { Exported } from '../../export/contract.ts';
import { requireYolos } from './yolos.ts';

/** @throws UsageError for a Deformable DETR or DINO, and the errors of loading */
export async function exportedDetector(model: string, config: Readonly<Record<string, unknown>>): Promise<Exported> {
  requireYolos(
    model,
    config,
    'it sorts its proposals and goes on with the best, which its file would have to do bit for bit as we do, and it is not written as ONNX yet. Run it by dr2net predict, or export a YOLOS.',
  );
  const detector = await loadYolos(model);
  const labels = readLabels(detector.config);
  const trained = settledTraining({}, detector.training, false);
  return {
    network: yolosNetwork({ detector, ...trained, ...(labels && { labels }) }),
    dispose: () => detector.dispose(),
  };
}
