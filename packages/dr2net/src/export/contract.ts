/** A saved model as it is exported. */
import type { ExportedNetwork } from '@dr2net/export';

export interface Exported {
  readonly network: ExportedNetwork;
  /** Writes weights, configuration and a card whose program runs them in PyTorch; null where there is no such program. */
  readonly save: ((folder: string) => Promise<void>) | null;
  dispose(): void;
}
