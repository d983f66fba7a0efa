/** A recognizer of clips or images for other programs. */
import { classifierCard, classifierNetwork } from '@dr2net/export';
import {
  hasPretrainedHead,
  isSwinConfig,
  loadBackbone,
  loadSwin,
  pretrainedHead,
  readLabels,
  saveBackbone,
  settledTraining,
  TransformerBackbone,
} from '@dr2net/models';
import { UsageError } from '../../errors.ts';
import type { Exported } from '../../export/contract.ts';

/** @throws UsageError for a model without a head, and the errors of loading */
export async function exportedRecognizer(model: string, config: Readonly<Record<string, unknown>>): Promise<Exported> {
  const backbone = await (isSwinConfig(config) ? loadSwin(model) : loadBackbone(model));
  try {
    if (!hasPretrainedHead(backbone))
      throw new UsageError(
        `${model} has no classification head, so there is nothing to export. Finetune it first: dr2net finetune --model ${model} …`,
      );
    const head = pretrainedHead(backbone);
    const labels = readLabels(backbone.config);
    const trained = settledTraining({}, backbone.training, false);
    const recognizer = { backbone, head, ...trained, ...(labels && { labels }) };
    return {
      network: classifierNetwork(recognizer),
      save:
        backbone instanceof TransformerBackbone
          ? (folder) => {
              const card = classifierCard({ ...recognizer, backbone });
              return saveBackbone(folder, backbone, { head, training: trained, card });
            }
          : null,
      dispose() {
        head.dispose();
        backbone.dispose();
      },
    };
  } catch (error) {
    backbone.dispose();
    throw error;
  }
}
