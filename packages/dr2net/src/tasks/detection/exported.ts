/** A detector for other programs. */
import { yolosCard, yolosNetwork } from '@dr2net/export';
import { loadYolos, readLabels, saveYolos, settledTraining } from '@dr2net/models';
import type { Exported } from '../../export/contract.ts';
import { requireYolos } from './yolos.ts';

/** @throws UsageError for a Deformable DETR or DINO, and the errors of loading */
export async function exportedDetector(source: string, config: Readonly<Record<string, unknown>>): Promise<Exported> {
  requireYolos(
    source,
    config,
    'it sorts its proposals and goes on with the best, which its file would have to do bit for bit as we do, so it is not exported. Run it by dr2net predict; its model.safetensors has Hugging Face names already.',
  );
  const detector = await loadYolos(source);
  try {
    const labels = readLabels(detector.config);
    const trained = settledTraining({}, detector.training, false);
    const model = { detector, ...trained, ...(labels && { labels }) };
    return {
      network: yolosNetwork(model),
      save: (folder) => saveYolos(folder, detector, { training: trained, card: yolosCard(model) }),
      dispose: () => detector.dispose(),
    };
  } catch (error) {
    detector.dispose();
    throw error;
  }
}
