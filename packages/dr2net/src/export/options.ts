/** The options of `export`. */
import type { BackendOption } from '../options/model.ts';

export interface ExportOptions extends BackendOption {
  readonly model: string;
  readonly format: 'onnx' | 'safetensors';
  readonly out: string;
  readonly batch?: number;
  /** Of a sample of clouds. */
  readonly points?: number;
  readonly force?: true;
  readonly verify: boolean;
}
