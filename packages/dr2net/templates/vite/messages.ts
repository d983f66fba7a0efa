// What page and worker say to each other.

/** Page to worker, or `stop`. */
export interface Start {
  /** The address of the folder with config.json and model.safetensors. */
  model: string;
  steps: number;
}

/** Worker to page. */
export type Told =
  | { type: 'backend'; name: string; device: string }
  | { type: 'step'; step: number; total: number; loss: number; accuracy: number; activationBytes: number }
  | { type: 'end'; stopped: boolean; top1: number; clips: number }
  | { type: 'error'; message: string };
