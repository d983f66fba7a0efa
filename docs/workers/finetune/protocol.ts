/** What the page and the worker say to one another where a model is finetuned in a tab. */
import type { StepEvent } from '@dr2net/train';
import type { Failure } from '../serve.ts';
import type { UserFile } from '../user-file.ts';

export const methodNames = ['exact', 'reversible', 'checkpoint', 'conventional', 'frozen'] as const;
export type MethodName = (typeof methodNames)[number];

/** Frames that the page has grabbed itself (a webcam's): RGB bytes [frames, height, width, 3]. */
export interface Recording {
  readonly label: string;
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** `kept`: what an earlier visit put into this page's storage. */
export type DataChoice =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'files'; readonly files: readonly UserFile[] }
  | { readonly kind: 'recordings'; readonly recordings: readonly Recording[] }
  | { readonly kind: 'kept' };

export interface Settings {
  /** `embedded`, or a hub id. */
  readonly model: string;
  /** Frames of a clip, and their side in pixels; of a hub model. */
  readonly frames: number;
  readonly size: number;
  /** Blocks that are used, from the first; 0: all. */
  readonly depth: number;
  readonly method: MethodName;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
}

export interface DataSummary {
  readonly kind: 'embedded' | 'own';
  readonly labels: readonly string[];
  readonly training: number;
  readonly validation: number;
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

export interface PlanRow {
  readonly method: MethodName;
  /** Predicted bytes, all included, and of these activations. */
  readonly peakBytes: number;
  readonly activationBytes: number;
}

export interface Plan {
  readonly rows: readonly PlanRow[];
  /** What the device has, where it tells. */
  readonly limitBytes?: number;
  /** Set where the chosen method does not fit: what would. */
  readonly refusal?: string;
}

/** A run that was stopped, by the reader or by the end of the tab. */
export interface Kept {
  readonly settings: Settings;
  readonly data: DataSummary;
}

export type Ask =
  | { readonly type: 'open'; readonly backend: string }
  | { readonly type: 'data'; readonly data: DataChoice }
  | { readonly type: 'plan'; readonly settings: Settings }
  | { readonly type: 'train'; readonly settings: Settings; readonly resume: boolean }
  | { readonly type: 'stop' }
  | { readonly type: 'predict'; readonly recording: Omit<Recording, 'label'> }
  | { readonly type: 'save' }
  | { readonly type: 'export' }
  | { readonly type: 'forget' };

type ToldOfStep = Pick<
  StepEvent,
  'step' | 'total' | 'epoch' | 'loss' | 'accuracy' | 'secondsLeft' | 'samplesPerSecond'
>;

export type Told =
  | { readonly type: 'opened'; readonly backend: string; readonly note?: string; readonly kept?: Kept }
  | { readonly type: 'data'; readonly summary: DataSummary }
  | { readonly type: 'plan'; readonly plan: Plan }
  | { readonly type: 'note'; readonly text: string }
  | (ToldOfStep & { readonly type: 'step'; readonly activationBytes: number })
  | {
      readonly type: 'evaluation';
      readonly step: number;
      readonly loss: number;
      readonly top1: number;
      readonly clips: number;
    }
  | { readonly type: 'end'; readonly reason: 'finished' | 'stopped'; readonly step: number }
  | { readonly type: 'prediction'; readonly scores: readonly (readonly [label: string, probability: number])[] }
  | { readonly type: 'saved'; readonly files: readonly { readonly name: string; readonly blob: Blob }[] }
  /** An ONNX file, and its largest difference from ours over the largest logit. */
  | { readonly type: 'exported'; readonly blob: Blob; readonly relative: number }
  | { readonly type: 'forgotten' }
  | Failure;
