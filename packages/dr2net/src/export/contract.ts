/** A saved model as it is exported. */
import type { ExportedNetwork } from '@dr2net/export';

export interface Exported {
  readonly network: ExportedNetwork;
  dispose(): void;
}
