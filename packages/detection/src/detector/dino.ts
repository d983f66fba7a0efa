/** A Deformable DETR or DINO (arXiv 2010.04159, 2203.03605): the set loss of each decoder layer and of the proposals, and denoising. */
import {
  applyDino,
  type Detections,
  type DinoDetector,
  type DinoInput,
  dinoSize,
  type ModelFolder,
  saveDino,
  traceDino,
} from '@dr2net/models';
import { inference, type Parameter, type Sink } from '@dr2net/ops';
import type { ImageSize } from '../boxes/formats.ts';
import { DetectionDatasetError } from '../dataset/errors.ts';
import type { DenoisingOptions } from '../denoising/options.ts';
import { denoisingCount, denoisingQueries } from '../denoising/queries.ts';
import { type DinoLossOptions, dinoLoss, type OutputGradient } from '../losses/dino.ts';
import { type LayerLoss, setLoss } from '../losses/set.ts';
import type { Classification, DetectionOutputs, DetectionTargets, TermWeights } from '../matching/contract.ts';
import type { DetectionBatch } from '../source/batch.ts';
import type {
  DetectorBatch,
  DetectorInput,
  DetectorNetwork,
  DetectorPass,
  DetectorTraceOptions,
  RunSetting,
  SaveOptions,
} from './network.ts';
import { type DetectionOptions, refuseOptions } from './options.ts';

/** Published for pictures of a shorter side of 800 pixels and at most 1333: the next multiple of the maps' strides. */
const publishedSize = [800, 1344] as const;

const deformableWeights: TermWeights = { class: 2, l1: 5, giou: 2 };

/** The objects in shares of what the pictures fill: the network knows where they end, and has boxes in shares of that. */
function targetsOf({ targets, canvas, used }: DetectorBatch): DetectionTargets[] {
  return targets.map(({ labels, boxes }, i) => {
    const { width, height } = used[i] as ImageSize;
    const [across, down] = [canvas.width / width, canvas.height / height];
    return { labels, boxes: boxes.map((value, k) => value * (k % 2 === 0 ? across : down)) };
  });
}

const validOf = ({ used }: Pick<DetectorBatch, 'used'>) => used.map(({ height, width }) => [height, width] as const);

export class DinoNetwork implements DetectorNetwork {
  readonly architecture = 'deformable_detr';
  readonly classification: Classification;
  readonly input: DetectorInput;
  readonly #lossOptions: DinoLossOptions & { readonly weights: TermWeights };
  readonly #denoising: DenoisingOptions | false;

  /** @throws RangeError for options that it does not have */
  constructor(
    private readonly detector: DinoDetector,
    options: DetectionOptions,
  ) {
    const { spec } = detector;
    // What tells a DINO: queries that begin at proposals, with contents of their own.
    const isDino = spec.mixedSelection;
    refuseOptions('a Deformable DETR or DINO', options, ['noObject']);
    if (!spec.denoising && options.denoising)
      refuseOptions('a detector without denoising queries (denoising_queries)', options, ['denoising']);
    const { focal, cost, weights = isDino ? { class: 1, l1: 5, giou: 2 } : deformableWeights } = options;
    this.classification = { kind: 'focal', classes: spec.classes, ...focal };
    this.#lossOptions = {
      classification: this.classification,
      proposals: isDino ? 'classes' : 'any object',
      weights,
      ...(cost && { cost }),
    };
    this.#denoising = spec.denoising && (options.denoising ?? {});
    const { mean, std } = spec.backbone.input;
    const size = options.size ?? dinoSize(detector.config) ?? publishedSize;
    this.input = { size, mean, std };
    this.requireCanvas({ height: size[0], width: size[1] });
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
    return this.detector.spec.queries;
  }

  get subBlocks(): number {
    return this.detector.runs.reduce((sum, count) => sum + count, 0);
  }

  get weights(): TermWeights {
    return this.#lossOptions.weights;
  }

  layerOf(parameter: Parameter): number {
    return this.detector.layerOf(parameter);
  }

  /** All but the backbone. */
  isHead(parameter: Parameter): boolean {
    return !this.detector.isBackbone(parameter);
  }

  requireCanvas({ height, width }: ImageSize): void {
    const { patch } = this.detector.spec.backbone;
    for (const [name, pixels] of [
      ['height', height],
      ['width', width],
    ] as const)
      if (pixels % patch !== 0) {
        const below = Math.max(1, Math.floor(pixels / patch)) * patch;
        throw new DetectionDatasetError(
          `size ${height}×${width} does not fit: its ${name} must be a multiple of the patch size ${patch}; the nearest are ${below} and ${below + patch}.`,
        );
      }
  }

  async trace(batch: DetectorBatch, options: DetectorTraceOptions): Promise<DetectorPass> {
    const targets = targetsOf(batch);
    const denoising =
      this.#denoising && denoisingQueries(targets, this.classification.classes, options.context, this.#denoising);
    const input: DinoInput = {
      pixels: batch.pixels,
      valid: validOf(batch),
      ...(denoising && { denoising: denoising.queries }),
    };
    const { layers, proposals, pullback, reports } = await traceDino(this.detector, input, options);
    // The proposals first: the last set is the final one.
    const first = proposals ? 1 : 0;
    return {
      sets: [...(proposals ? [proposals] : []), ...layers],
      loss: (sets) => {
        const { total, gradient } = dinoLoss(
          { layers: sets.slice(first), proposals: proposals ? (sets[0] as DetectionOutputs) : null },
          targets,
          denoising || null,
          this.#lossOptions,
        );
        const gradients: OutputGradient[] = [...(gradient.proposals ? [gradient.proposals] : []), ...gradient.layers];
        return { total, gradients };
      },
      pullback: Object.assign(
        (gradients: readonly Detections[], sink: Sink) =>
          pullback(
            { layers: gradients.slice(first), proposals: proposals ? (gradients[0] as Detections) : null },
            sink,
          ),
        { dispose: () => pullback.dispose() },
      ),
      reports,
    };
  }

  frames({ used }: DetectionBatch): readonly ImageSize[] {
    return used;
  }

  apply(batch: DetectionBatch, run: RunSetting): Promise<Detections> | Detections {
    return applyDino(this.detector, { pixels: batch.pixels, valid: validOf(batch) }, { ...run, context: inference });
  }

  loss(outputs: DetectionOutputs, batch: DetectionBatch): LayerLoss {
    return setLoss([outputs], targetsOf(batch), this.#lossOptions).layers[0] as LayerLoss;
  }

  /** There is no dry model of it: it is measured. */
  footprint(): null {
    return null;
  }

  /** Whole groups of denoising queries are not always more for more objects. */
  heaviest(most: number): number {
    const denoising = this.#denoising;
    if (!denoising) return most;
    const count = (objects: number) => denoisingCount(objects, denoising);
    return Array.from({ length: most }, (_, i) => i + 1).reduce((best, objects) =>
      count(objects) >= count(best) ? objects : best,
    );
  }

  save(folder: ModelFolder, options: SaveOptions): Promise<void> {
    return saveDino(folder, this.detector, { ...options, size: this.input.size });
  }
}
