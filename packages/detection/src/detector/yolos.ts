/** A YOLOS, whose whole network is one reversible run, with the set loss of DETR (arXiv 2106.00666, 2005.12872). */
import type { MemoryModel } from '@dr2net/memory';
import {
  applyYolos,
  type Detections,
  type ModelFolder,
  runOptionsOf,
  saveYolos,
  traceYolos,
  type YolosDetector,
  yolosMemoryModelOf,
} from '@dr2net/models';
import { inference, type Parameter, type Sink } from '@dr2net/ops';
import type { ImageSize } from '../boxes/formats.ts';
import { DetectionDatasetError } from '../dataset/errors.ts';
import { type LayerLoss, type SetLossOptions, setLoss } from '../losses/set.ts';
import type { Classification, DetectionOutputs } from '../matching/contract.ts';
import type { DetectionBatch } from '../source/batch.ts';
import type {
  DetectorBatch,
  DetectorNetwork,
  DetectorPass,
  DetectorTraceOptions,
  RunSetting,
  SaveOptions,
} from './network.ts';
import { type DetectionOptions, refuseOptions } from './options.ts';

export class YolosNetwork implements DetectorNetwork {
  readonly architecture = 'yolos';
  readonly classification: Classification;
  readonly #lossOptions: SetLossOptions;

  /** @throws RangeError for options that a YOLOS does not have */
  constructor(
    private readonly detector: YolosDetector,
    options: DetectionOptions,
  ) {
    refuseOptions('a YOLOS', options, ['focal', 'denoising', 'size']);
    const { noObject, weights, cost } = options;
    this.classification = {
      kind: 'softmax',
      classes: detector.spec.classes,
      ...(noObject !== undefined && { noObject }),
    };
    this.#lossOptions = {
      classification: this.classification,
      ...(weights && { weights }),
      ...(cost && { cost }),
    };
  }

  get weights() {
    return this.#lossOptions.weights;
  }

  get parameters(): readonly Parameter[] {
    return this.detector.parameters;
  }

  get config() {
    return this.detector.config;
  }

  get training() {
    return this.detector.training;
  }

  get fresh(): boolean {
    return this.detector.fresh;
  }

  get queries(): number {
    return this.detector.spec.detectionTokens;
  }

  get subBlocks(): number {
    return this.detector.modules.subBlocks.length;
  }

  get input() {
    return this.detector.spec.input;
  }

  /** Detection tokens that were made new learn as what stands behind the blocks does. */
  layerOf(parameter: Parameter): number {
    const { fresh, spec } = this.detector;
    return fresh && parameter.name === 'stem.detection' ? spec.depth + 1 : this.detector.layerOf(parameter);
  }

  /** The two networks that read the detection tokens. */
  isHead({ name }: Parameter): boolean {
    return name.startsWith('head.');
  }

  /** The learned positions are for pictures of one size. */
  requireCanvas(canvas: ImageSize): void {
    const [height, width] = this.input.size;
    if (canvas.height !== height || canvas.width !== width)
      throw new DetectionDatasetError(
        `The batch's canvas is ${canvas.height} × ${canvas.width} pixels, the detector is for ${height} × ${width}. Make the source with size: [${height}, ${width}], or load the detector with another size.`,
      );
  }

  trace({ pixels, targets }: DetectorBatch, options: DetectorTraceOptions): DetectorPass {
    const { context, pixelGradient = false } = options;
    const { logits, boxes, pullback, report } = traceYolos(this.detector, pixels, {
      ...runOptionsOf(options, 0),
      ...{ context, pixelGradient },
    });
    return {
      sets: [{ logits, boxes }],
      loss: (sets) => {
        const { total, layers } = setLoss(sets, targets, this.#lossOptions);
        return { total, gradients: layers.map(({ gradient }) => gradient) };
      },
      pullback: Object.assign(
        ([gradient]: readonly Detections[], sink: Sink) => pullback(gradient as Detections, sink),
        { dispose: () => pullback.dispose() },
      ),
      reports: [report],
    };
  }

  frames({ canvas, size }: DetectionBatch): ImageSize[] {
    return Array.from({ length: size }, () => canvas);
  }

  apply({ pixels }: DetectionBatch, run: RunSetting): Detections {
    return applyYolos(this.detector, pixels, { ...run, context: inference });
  }

  loss(outputs: DetectionOutputs, { targets }: DetectionBatch): LayerLoss {
    return setLoss([outputs], targets, this.#lossOptions).layers[0] as LayerLoss;
  }

  footprint(): MemoryModel {
    return yolosMemoryModelOf(this.detector);
  }

  /** The loss is made on the host. */
  heaviest(most: number): number {
    return most;
  }

  save(folder: ModelFolder, options: SaveOptions): Promise<void> {
    return saveYolos(folder, this.detector, options);
  }
}
