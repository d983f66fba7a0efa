/** The model that is finetuned: the embedded one, or one from the hub. */
import { loadBackbone, type TransformerBackbone } from '@dr2net/models';
import { type ActionRecognizer, actionRecognizer } from '@dr2net/video';
import { base } from '../base.ts';
import type { Settings } from './protocol.ts';

const embedded = new URL('embedded/', base);

export interface Loaded {
  readonly backbone: TransformerBackbone;
  readonly recognizer: ActionRecognizer;
}

/** What of the settings makes another model. */
export const modelKey = ({ model, frames, size, depth }: Settings, labels: readonly string[]): string =>
  JSON.stringify([model, frames, size, depth, labels]);

export async function loadModel({ model, frames, size, depth }: Settings, labels: readonly string[]): Promise<Loaded> {
  const blocks = depth > 0 ? { depth } : {};
  const backbone =
    model === 'embedded'
      ? await loadBackbone(embedded, blocks)
      : await loadBackbone(model, { frames, size, ...blocks });
  try {
    const recognizer = actionRecognizer(backbone, {
      classes: labels,
      head: 'new',
      pooling: 'mean',
      labelSmoothing: 0.1,
    });
    return { backbone, recognizer };
  } catch (error) {
    backbone.dispose();
    throw error;
  }
}

export function disposeModel({ backbone, recognizer }: Loaded): void {
  recognizer.dispose();
  backbone.dispose();
}
