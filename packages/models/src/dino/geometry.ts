/** Where the cells of all levels' maps lie, which of them are padding, and where proposals begin: computed on the host. */
import { type LevelShapes, sinePositions } from '@dr2net/layers';
import { Held } from '@dr2net/ops';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { ModelOptionError } from '../errors.ts';

export interface GeometryInput {
  readonly batch: number;
  /** [height, width] of the pixels. */
  readonly size: readonly [number, number];
  /** Of each image, pixels; undefined: all of them. */
  readonly valid: readonly (readonly [number, number])[] | undefined;
  readonly shapes: LevelShapes;
  /** Of the sine positions. */
  readonly width: number;
}

/** Of the logit of what a sigmoid must make 1. */
const certain = 1e4;

/** The cells of one level in one image that are no padding: those whose nearest pixel to the upper left is none. */
function inside(
  [height, width]: readonly [number, number],
  size: readonly [number, number],
  valid: readonly [number, number],
) {
  const count = (cells: number, pixels: number, all: number) => {
    let n = 0;
    while (n < cells && Math.floor((n * all) / cells) < pixels) n++;
    return n;
  };
  return [count(height, valid[0], size[0]), count(width, valid[1], size[1])] as const;
}

function checkValid({ batch, size, valid }: GeometryInput): void {
  if (!valid) return;
  if (valid.length !== batch)
    throw new ModelOptionError(`valid has ${valid.length} sizes for a batch of ${batch}; give one an image.`);
  for (const [image, [height, width]] of valid.entries()) {
    const fits = (pixels: number, all: number) => Number.isFinite(pixels) && pixels >= 1 && pixels <= all;
    if (!fits(height, size[0]) || !fits(width, size[1]))
      throw new ModelOptionError(
        `Image ${image} of the batch: valid is ${height} × ${width} pixels, the batch has ${size[0]} × ${size[1]}; each side must be from 1 to that of the batch.`,
      );
  }
}

/** Disposed of by its holder. */
export class Geometry {
  readonly shapes: LevelShapes;
  /** Of all levels. */
  readonly cells: number;
  /** [batch or 1, cells, width] */
  readonly sine: Tensor;
  /** `[batch, cells, levels, 2]`: each cell's centre (x, y), as shares of each level's map with its padding. */
  readonly references: Tensor;
  /** `[batch, 1, levels, 4]`: shares of each level's map that are no padding: width, height, and again. */
  readonly ratios: Tensor;
  /** [batch, cells], 1 where it is padding; undefined where nothing is. */
  readonly padding: Tensor | undefined;
  /** `[batch·cells·4]`: logits of the box that each cell's proposal begins with. */
  readonly starts: Float32Array;
  /** [batch·cells], 1 where a proposal can be made: not of padding, nor at the very border. */
  readonly usable: Float32Array;
  readonly #held = new Held();

  constructor(input: GeometryInput) {
    checkValid(input);
    const { batch, size, shapes, width } = input;
    this.shapes = shapes;
    this.cells = shapes.reduce((sum, [height, across]) => sum + height * across, 0);
    const levels = shapes.length;
    const within = Array.from({ length: batch }, (_, b) =>
      shapes.map((shape) => inside(shape, size, input.valid?.[b] ?? size)),
    );
    const isPadded = within.some((image) => image.some(([h, w], l) => h < shapes[l]![0] || w < shapes[l]![1]));
    const rows = isPadded ? batch : 1;
    const padding = new Float32Array(batch * this.cells);
    const sine = new Float32Array(rows * this.cells * width);
    const references = new Float32Array(batch * this.cells * levels * 2);
    this.starts = new Float32Array(batch * this.cells * 4);
    this.usable = new Float32Array(batch * this.cells);
    const ratios = within.map((image) => image.map(([h, w], l) => [w / shapes[l]![1], h / shapes[l]![0]] as const));
    for (let b = 0; b < batch; b++) {
      let cell = b * this.cells;
      for (const [l, [height, across]] of shapes.entries()) {
        const [high, wide] = within[b]![l]!;
        const [ratioX, ratioY] = ratios[b]![l]!;
        if (b < rows) {
          const own = padding.subarray(cell, cell + height * across);
          for (let i = 0; i < own.length; i++) own[i] = Math.floor(i / across) >= high || i % across >= wide ? 1 : 0;
          const map = { batch: 1, height, width: across, padding: own };
          sine.set(sinePositions(map, { features: width / 2, offset: -0.5 }), cell * width);
        }
        const side = 0.05 * 2 ** l;
        for (let y = 0; y < height; y++)
          for (let x = 0; x < across; x++, cell++) {
            const centre = [(x + 0.5) / (ratioX * across), (y + 0.5) / (ratioY * height)] as const;
            for (let other = 0; other < levels; other++) {
              references[2 * (cell * levels + other)] = centre[0] * ratios[b]![other]![0];
              references[2 * (cell * levels + other) + 1] = centre[1] * ratios[b]![other]![1];
            }
            this.#start(cell, [...centre, side, side], padding[cell] === 0);
          }
      }
    }
    this.sine = this.#keep(sine, [rows, this.cells, width]);
    this.references = this.#keep(references, [batch, this.cells, levels, 2]);
    this.ratios = this.#keep(Float32Array.from(ratios.flatMap((image) => image.flatMap(([x, y]) => [x, y, x, y]))), [
      batch,
      1,
      levels,
      4,
    ]);
    this.padding = isPadded ? this.#keep(padding, [batch, this.cells]) : undefined;
  }

  #keep(values: Float32Array, shape: number[]): Tensor {
    return this.#held.keep(tensor(values, shape));
  }

  #start(cell: number, box: readonly number[], isInside: boolean): void {
    const isUsable = isInside && box.every((share) => share > 0.01 && share < 0.99);
    this.usable[cell] = isUsable ? 1 : 0;
    for (const [k, share] of box.entries())
      this.starts[4 * cell + k] = isUsable ? Math.log(share / (1 - share)) : certain;
  }

  dispose(): void {
    this.#held.dispose();
  }
}
