/**
 * A masked autoencoder of clips as VideoMAE has it (Tong et al., arXiv 2203.12602): the encoder sees some patches, a
 * small decoder predicts the pixels of the others. It also predicts motion (flow.ts), of the masked patches and of the
 * visible ones: pixels alone teach a network this small little about motion in a quarter of an hour.
 *
 * The encoder's and decoder's blocks are this project's, each run of them one differentiable op on TensorFlow.js's tape;
 * the rest is ordinary TensorFlow.js.
 */
import { differentiableRun } from '@dr2net/core';
import { createBackbone, type TransformerBackbone } from '@dr2net/models';
import { inference, Parameter, trainingContext } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs';
import type { MaskedBatch, Shape } from './batch.ts';
import { flowSize } from './flow.ts';

export interface Losses {
  /** Mean squared error of the masked patches' pixels, normalised as the network's input is. */
  readonly pixels: number;
  /** Mean squared error of the motion of masked and of visible patches. */
  readonly maskedFlow: number;
  readonly visibleFlow: number;
}

const decoderConfig = { hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 256 };

/** The position table [1, tokens, width] that a backbone's stem adds: its output for black pixels, less its bias. */
function positionsOf({ stem, input, parameters }: TransformerBackbone): tf.Tensor {
  const bias = parameters.find(({ name }) => name === 'stem.patch.bias');
  return tf.tidy(() => {
    const black = tf.zeros([1, input.frames, input.size, input.size, input.channels]);
    const tokens = stem.apply(black, inference);
    return bias ? tokens.sub(bias.variable) : tokens;
  });
}

/** Rows of a table [1, tokens, width] in the order that each sample has: [batch, count, width]. */
function inOrder(table: tf.Tensor, order: Int32Array, batch: number, from: number, to: number): tf.Tensor {
  const tokens = table.shape[1] ?? 0;
  const rows = Int32Array.from({ length: batch * (to - from) }, (_, i) => {
    const sample = Math.floor(i / (to - from));
    return order[sample * tokens + from + (i % (to - from))] ?? 0;
  });
  return tf.gather(table.squeeze([0]), tf.tensor1d(rows, 'int32')).reshape([batch, to - from, table.shape[2] ?? 0]);
}

export class MaskedAutoencoder {
  readonly encoder: TransformerBackbone;
  readonly #decoder: TransformerBackbone;
  readonly #positions: { readonly encoder: tf.Tensor; readonly decoder: tf.Tensor };
  readonly #own = new Map<string, Parameter>();

  constructor(
    config: Readonly<Record<string, unknown>>,
    readonly shape: Shape,
    seed: number,
  ) {
    this.encoder = createBackbone(config, seed);
    this.#decoder = createBackbone({ ...config, ...decoderConfig }, seed + 1);
    this.#positions = { encoder: positionsOf(this.encoder), decoder: positionsOf(this.#decoder) };
    const [wide, narrow] = [this.encoder.width, this.#decoder.width];
    const make = (name: string, shape: number[], value: 'normal' | number) => {
      const initial =
        value === 'normal'
          ? tf.truncatedNormal(shape, 0, 0.02, 'float32', seed + this.#own.size)
          : tf.fill(shape, value);
      this.#own.set(name, new Parameter(name, initial));
    };
    for (const [name, width] of [
      ['norm', wide],
      ['decoder.norm', narrow],
    ] as const) {
      make(`${name}.gain`, [width], 1);
      make(`${name}.bias`, [width], 0);
    }
    for (const [name, from, to] of [
      ['flow', wide, flowSize],
      ['decoder.input', wide, narrow],
      ['decoder.output', narrow, shape.patchSize + flowSize],
    ] as const) {
      make(`${name}.weight`, [from, to], 'normal');
      make(`${name}.bias`, [to], 0);
    }
    make('decoder.mask', [1, 1, narrow], 'normal');
    this.#initialise(seed);
  }

  /** Glorot's uniform start for every matrix, as VideoMAE has it: from σ = 0.02 so short a run would not get going. */
  #initialise(seed: number): void {
    for (const [i, parameter] of this.parameters.entries()) {
      const [from, to] = parameter.shape;
      if (parameter.shape.length !== 2 || from === undefined || to === undefined) continue;
      const limit = Math.sqrt(6 / (from + to));
      parameter.assign(tf.randomUniform([from, to], -limit, limit, 'float32', 1000 * seed + i));
    }
  }

  /** All that is trained: the encoder, and what is thrown away afterwards. */
  get parameters(): Parameter[] {
    const decoder = this.#decoder.parameters.filter(({ name }) => !name.startsWith('stem.'));
    return [...this.encoder.parameters, ...decoder, ...this.#own.values()];
  }

  /** The losses of a batch, and the gradients of their sum in the order of {@link parameters}; owned by the caller. */
  step(batch: MaskedBatch): { losses: Losses; gradients: tf.Tensor[] } {
    const parameters = this.parameters;
    const parts: tf.Scalar[] = [];
    const { value, grads } = tf.variableGrads(
      () => {
        const terms = this.#losses(batch);
        parts.push(...terms.map((term) => tf.keep(term.clone())));
        return tf.addN(terms);
      },
      parameters.map(({ variable }) => variable),
    );
    const [pixels = Number.NaN, maskedFlow = Number.NaN, visibleFlow = Number.NaN] = parts.map(
      (part) => part.dataSync()[0],
    );
    tf.dispose([value, parts]);
    const gradients = parameters.map(({ variable }) => {
      const gradient = grads[variable.name];
      if (!gradient) throw new Error(`${variable.name} got no gradient.`);
      return gradient;
    });
    return { losses: { pixels, maskedFlow, visibleFlow }, gradients };
  }

  dispose(): void {
    for (const item of [this.encoder, this.#decoder, ...Object.values(this.#positions), ...this.#own.values()])
      item.dispose();
  }

  #take(name: string): tf.Tensor {
    const parameter = this.#own.get(name) ?? this.encoder.parameters.find((candidate) => candidate.name === name);
    if (!parameter) throw new Error(`No parameter ${name}.`);
    return parameter.variable;
  }

  #dense(name: string, x: tf.Tensor): tf.Tensor {
    const flat = x.reshape([-1, x.shape.at(-1) ?? 0]);
    const y = tf
      .matMul(flat as tf.Tensor2D, this.#take(`${name}.weight`) as tf.Tensor2D)
      .add(this.#take(`${name}.bias`));
    return y.reshape([...x.shape.slice(0, -1), y.shape[1] ?? 0]);
  }

  #norm(name: string, x: tf.Tensor): tf.Tensor {
    const { mean, variance } = tf.moments(x, -1, true);
    const normed = x.sub(mean).mul(variance.add(1e-6).rsqrt());
    return normed.mul(this.#take(`${name}.gain`)).add(this.#take(`${name}.bias`));
  }

  #run({ subBlocks }: TransformerBackbone, x: tf.Tensor): tf.Tensor {
    const options = { coefficients: { alpha: 1, beta: 0 }, method: { name: 'conventional' } } as const;
    return differentiableRun(subBlocks, x, trainingContext(0), options);
  }

  #losses(batch: MaskedBatch): [tf.Scalar, tf.Scalar, tf.Scalar] {
    const { size, order } = batch;
    const { tokens, visible, patchSize } = this.shape;
    const masked = tokens - visible;
    const places = (table: tf.Tensor, from: number, to: number) => inOrder(table, order, size, from, to);
    const error = (actual: tf.Tensor, expected: tf.Tensor) => tf.mean(tf.square(tf.sub(actual, expected))) as tf.Scalar;
    const flow = tf.tensor(batch.flow, [size, tokens, flowSize]);

    const patches = tf.tensor(batch.visible, [size, visible, patchSize]);
    const embedded = this.#dense('stem.patch', patches).add(places(this.#positions.encoder, 0, visible));
    const encoded = this.#norm('norm', this.#run(this.encoder, embedded));
    const visibleFlow = error(this.#dense('flow', encoded), flow.slice([0, 0, 0], [size, visible, flowSize]));

    const seen = this.#dense('decoder.input', encoded);
    const hidden = this.#take('decoder.mask').tile([size, masked, 1]);
    const all = tf.concat([seen, hidden], 1).add(places(this.#positions.decoder, 0, tokens));
    const decoded = this.#run(this.#decoder, all).slice([0, visible, 0], [size, masked, this.#decoder.width]);
    const predicted = this.#dense('decoder.output', this.#norm('decoder.norm', decoded));
    const pixels = error(
      predicted.slice([0, 0, 0], [size, masked, patchSize]),
      tf.tensor(batch.masked, [size, masked, patchSize]),
    );
    const maskedFlow = error(
      predicted.slice([0, 0, patchSize], [size, masked, flowSize]),
      flow.slice([0, visible, 0], [size, masked, flowSize]),
    );
    return [pixels, maskedFlow, visibleFlow];
  }
}
