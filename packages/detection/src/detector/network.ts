/** What the task asks of a detector, whatever its network is; each network has an adapter. */
import type { Coefficients, HeadRead, Method, RunReport } from '@dr2net/core';
import type { MemoryModel } from '@dr2net/memory';
import type { Detections, ModelFolder, RunsOptions, SavedTraining } from '@dr2net/models';
import type { Context, Parameter, Sink } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ImageSize } from '../boxes/formats.ts';
import type { OutputGradient } from '../losses/dino.ts';
import type { LayerLoss } from '../losses/set.ts';
import type { Classification, DetectionOutputs, TermWeights } from '../matching/contract.ts';
import type { DetectionBatch } from '../source/batch.ts';

/** How the reversible runs are gone through. */
export interface RunSetting {
  readonly coefficients: Coefficients;
  readonly method: Method;
  readonly read: HeadRead;
}

/** How a pass forward and backward is made. */
export interface DetectorTraceOptions extends RunsOptions {
  readonly context: Context;
  /** Whether the gradient of the pixels is wanted. Default false. */
  readonly pixelGradient?: boolean;
}

/** Pictures and what there is to find in them: what a network asks of a batch in training. */
export interface DetectorBatch extends Pick<DetectionBatch, 'canvas' | 'used' | 'targets'> {
  /** [batch, height, width, channels], normalised. Borrowed until the pullback has run. */
  readonly pixels: Tensor;
}

/** A forward pass of a training step. */
export interface DetectorPass {
  /** What the network gives, set by set (a YOLOS one, a decoder one a layer); the last is the final one. Owned by the caller. */
  readonly sets: readonly Detections[];
  /** The loss of the sets, which were read back, and its gradient of each. @throws RangeError for outputs that are not finite */
  loss(sets: readonly DetectionOutputs[]): { readonly total: number; readonly gradients: readonly OutputGradient[] };
  readonly pullback: {
    /** Gradients are borrowed. Gives that of the pixels, owned by the caller, or null where it was not wanted (or `frozen`). */
    (gradients: readonly Detections[], sink: Sink): Tensor | null;
    dispose(): void;
  };
  readonly reports: readonly RunReport[];
}

export interface DetectorInput {
  readonly size: readonly [height: number, width: number];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A detector as the task sees it, whatever its network is; {@link detectorNetwork} adapts a YOLOS, a Deformable DETR or a DINO. */
export interface DetectorNetwork {
  readonly architecture: string;
  readonly parameters: readonly Parameter[];
  /** `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** How it was trained, where its folder says so. */
  readonly training: SavedTraining | null;
  /** Whether the part that finds objects was made new. */
  readonly fresh: boolean;
  readonly classification: Classification;
  /** Objects that it can find in an image. */
  readonly queries: number;
  /** Of all runs. */
  readonly subBlocks: number;
  /** The canvas that it is for, in pixels, and how pixels (0 … 1) are normalised. */
  readonly input: DetectorInput;
  /** 0 the stem, rising. */
  layerOf(parameter: Parameter): number;
  /** Whether it learns while the pretrained part is frozen. */
  isHead(parameter: Parameter): boolean;
  /** @throws DetectionDatasetError for a canvas that does not fit */
  requireCanvas(canvas: ImageSize): void;
  /** Forward, keeping what the pullback needs. */
  trace(batch: DetectorBatch, options: DetectorTraceOptions): DetectorPass | Promise<DetectorPass>;
  /** What boxes of each image are shares of: the canvas, or a part of it from its upper left corner, in pixels. */
  frames(batch: DetectionBatch): readonly ImageSize[];
  /** The final classes and boxes, keeping nothing; owned by the caller. */
  apply(batch: DetectionBatch, run: RunSetting): Detections | Promise<Detections>;
  /** Of the terms of the loss; undefined for the default. */
  readonly weights: TermWeights | undefined;
  /** The loss of the final classes and boxes. */
  loss(outputs: DetectionOutputs, batch: DetectionBatch): LayerLoss;
  /** The memory of training, as the planner of `@dr2net/memory` sees it; null where it is not known. */
  footprint(): MemoryModel | null;
  /** How many objects, 1 to `most`, in the fullest image make a batch take the most memory. */
  heaviest(most: number): number;
  save(folder: ModelFolder, options: SaveOptions): Promise<void>;
}

export interface SaveOptions {
  readonly labels: readonly string[];
  readonly training: RunSetting;
  readonly config: Readonly<Record<string, unknown>>;
}
