/** A finetuned recognizer as it was saved: its own head, α, β, method and head read. */
import { type Backbone, hasPretrainedHead, loadBackbone } from '@dr2net/models';
import { type ActionRecognizer, actionRecognizer } from '@dr2net/video';
import { UsageError } from '../../errors.ts';

export interface LoadedRecognizer {
  readonly backbone: Backbone;
  readonly model: ActionRecognizer;
  dispose(): void;
}

/** @throws UsageError for a model without a head, or one of images; the errors of loading */
export async function loadRecognizer(source: string): Promise<LoadedRecognizer> {
  const backbone = await loadBackbone(source);
  try {
    if (!hasPretrainedHead(backbone))
      throw new UsageError(
        `${source} has no classification head, so it names no classes. Finetune it first: dr2net finetune --model ${source} …`,
      );
    if (backbone.input.kind !== 'video')
      throw new UsageError(`${source} takes images, not clips. Finetune it with --frames first.`);
    const model = actionRecognizer(backbone);
    return {
      backbone,
      model,
      dispose() {
        model.dispose();
        backbone.dispose();
      },
    };
  } catch (error) {
    backbone.dispose();
    throw error;
  }
}
