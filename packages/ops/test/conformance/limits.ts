/** What a device of WebGPU cannot do: tensors larger than it binds are refused by name; more workgroups than it counts go along another axis. */
import { expectScaledClose, type Reference } from '@dr2net/testing/close';
import { expectNoLeak } from '@dr2net/testing/leaks';
import { dispose, getBackend, ones, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import {
  adam,
  attention,
  channelScale,
  deformableAttention,
  layerNorm,
  linear,
  linearGelu,
  windowAttention,
} from '../../src/index.ts';
import { webgpuBackend } from '../../src/webgpu/backend.ts';
import type { Check } from './case.ts';
import { normals } from './random.ts';

const onWebgpu = () => getBackend() === 'webgpu';
/** Numbers in the largest tensor that the device binds. */
const most = () => webgpuBackend().device.limits.maxStorageBufferBindingSize / 4;
/** A tensor of a little more than the limit is nothing but an address range of the host here, up to this size of the limit. */
const onSmallLimits = () => onWebgpu() && most() <= 2 ** 28;

/** The side of a square of more numbers than the device binds. */
const side = () => 64 * Math.ceil(Math.sqrt(most() + 1) / 64);
/** A multiple of `width`, above the limit. */
const above = (width: number) => Math.ceil((most() + 1) / width);

const refusals: Record<string, { readonly shader: string; run(): unknown }> = {
  'the output of linear': {
    shader: 'product NN bias',
    run: () => linear.trace(ones([side(), 4]), ones([4, side()]), ones([side()])),
  },
  'the output of linearGelu': {
    shader: 'product NN bias geluAndSlope',
    run: () => linearGelu.trace(ones([side(), 4]), ones([4, side()]), ones([side()])),
  },
  'the input of linear': {
    shader: 'product NN',
    run: () => linear.apply(zeros([above(64), 64]), ones([64, 4])),
  },
  layerNorm: {
    shader: 'layerNorm',
    run: () => layerNorm.trace(zeros([above(64), 64]), ones([64]), ones([64]), 1e-6),
  },
  attention: { shader: 'attention forward', run: () => attention.trace(zeros([above(64 * 24), 64, 24]), { heads: 2 }) },
  windowAttention: {
    shader: 'attention forward',
    run: () => windowAttention.trace(zeros([above(96), 4, 24]), ones([2, 4, 4]), { heads: 2 }),
  },
  deformableAttention: {
    shader: 'deformableAttention forward',
    run: () => {
      const shapes = [[above(8), 1]] as const;
      return deformableAttention.trace(zeros([1, above(8), 8]), ones([1, 1, 2, 1, 1, 2]), ones([1, 1, 2, 1, 1]), {
        shapes,
      });
    },
  },
  channelScale: { shader: 'channelScale', run: () => channelScale.trace(zeros([above(64), 64]), ones([64])) },
  adam: {
    shader: 'adam',
    run: () => {
      const value = zeros([above(64), 64]);
      return adam.step([{ value, gradient: value, keep: 1, rate: 0.1, epsilon: 1e-8 }], [0.9, 0.999]);
    },
  },
};

const tooLarge = Object.entries(refusals).map(
  ([name, { shader, run }]): Check => ({
    name: `${name}: larger than the device binds is refused by name`,
    here: onSmallLimits,
    run: async () => {
      if (!onSmallLimits()) return;
      await expectNoLeak(() => {
        let message = 'nothing';
        try {
          tidy(() => {
            run();
          });
        } catch (error) {
          message = String(error);
        }
        const parts = [`dr2net ${shader}`, '[', String(4 * most()), 'maxStorageBufferBindingSize'];
        if (!parts.every((part) => message.includes(part))) throw new Error(`thrown was: ${message}`);
      });
    },
  }),
);

/** More than workgroups are counted along one axis, and than the product's smallest tile makes of rows. */
const many = 65_536 + 7;
const manyRows = 8 * many;

type Names = Record<string, Reference>;
interface Case {
  readonly name: string;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly shape: readonly number[];
  /** The value, and the gradients by name. */
  run(inputs: Record<string, Tensor>, dy: Tensor): Record<string, Tensor>;
  /** The same in float64. */
  define(inputs: Record<string, Float32Array>, dy: Float32Array): Names;
}

const [four, three, two] = [4, 3, 2];

const cases: Case[] = [
  {
    name: `linear over ${manyRows} rows`,
    inputs: { x: [manyRows, four], weight: [four, four] },
    shape: [manyRows, four],
    run: ({ x, weight }, dy) => {
      const { value, pullback } = linear.trace(x!, weight!);
      return { value, ...pullback(dy) };
    },
    define({ x, weight }, dy) {
      const value = new Float64Array(manyRows * four);
      const [dx, dw] = [new Float64Array(manyRows * four), new Float64Array(four * four)];
      for (let r = 0; r < manyRows; r++)
        for (let i = 0; i < four; i++)
          for (let o = 0; o < four; o++) {
            value[r * four + o]! += x![r * four + i]! * weight![i * four + o]!;
            dx[r * four + i]! += dy[r * four + o]! * weight![i * four + o]!;
            dw[i * four + o]! += dy[r * four + o]! * x![r * four + i]!;
          }
      const whole = [manyRows, four];
      return {
        value: { shape: whole, data: value },
        x: { shape: whole, data: dx },
        weight: { shape: [four, four], data: dw },
      };
    },
  },
  {
    name: `layerNorm over ${many} rows`,
    inputs: { x: [many, three] },
    shape: [many, three],
    run: ({ x }, dy) => {
      const [gain, bias] = [ones([three]), zeros([three])];
      const { value, pullback } = layerNorm.trace(x!, gain, bias, 0.1);
      const gradients = pullback(dy, { x: true, bias: true });
      dispose([gain, bias]);
      return { value, ...gradients };
    },
    define({ x }, dy) {
      const [value, dx, dbias] = [many * three, many * three, three].map((size) => new Float64Array(size));
      for (let at = 0; at < many * three; at += three) {
        const row = Array.from(x!.subarray(at, at + three));
        const g = Array.from(dy.subarray(at, at + three));
        const mean = row.reduce((sum, v) => sum + v, 0) / three;
        const r = 1 / Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / three + 0.1);
        const hat = row.map((v) => (v - mean) * r);
        const plain = g.reduce((sum, v) => sum + v, 0) / three;
        const along = g.reduce((sum, v, c) => sum + v * hat[c]!, 0) / three;
        for (let c = 0; c < three; c++) {
          value![at + c] = hat[c]!;
          dx![at + c] = r * (g[c]! - plain - hat[c]! * along);
          dbias![c]! += g[c]!;
        }
      }
      const whole = [many, three];
      return {
        value: { shape: whole, data: value! },
        x: { shape: whole, data: dx! },
        bias: { shape: [three], data: dbias! },
      };
    },
  },
  ...[false, true].map(
    (windows): Case => ({
      name: `${windows ? 'windowAttention in' : 'attention over a batch of'} ${many}${windows ? ' windows' : ''}`,
      inputs: { qkv: [many, two, 3], ...(windows && { bias: [1, two, two] }) },
      shape: [many, two, 1],
      run: ({ qkv, bias }, dy) => {
        const options = { heads: 1 };
        const { value, pullback } = bias ? windowAttention.trace(qkv!, bias, options) : attention.trace(qkv!, options);
        return { value, ...pullback(dy) };
      },
      define: ({ qkv, bias }, dy) => inPairs(qkv!, bias, dy),
    }),
  ),
];

/** Attention of one head of one channel over two tokens. */
function inPairs(qkv: Float32Array, bias: Float32Array | undefined, dy: Float32Array): Names {
  const [value, dqkv, dbias] = [many * two, many * two * 3, two * two].map((size) => new Float64Array(size));
  for (let b = 0; b < many; b++)
    for (let n = 0; n < two; n++) {
      const at = (token: number, part: number) => (b * two + token) * 3 + part;
      const q = qkv[at(n, 0)]!;
      const [k, v] = [1, 2].map((part) => [qkv[at(0, part)]!, qkv[at(1, part)]!]);
      const powers = k!.map((key, m) => Math.exp(q * key + (bias?.[two * n + m] ?? 0)));
      const weights = powers.map((power) => power / (powers[0]! + powers[1]!));
      const y = weights[0]! * v![0]! + weights[1]! * v![1]!;
      const d = dy[b * two + n]!;
      value![b * two + n] = y;
      for (let m = 0; m < two; m++) {
        const ds = weights[m]! * d * (v![m]! - y);
        dqkv![at(n, 0)]! += ds * k![m]!;
        dqkv![at(m, 1)]! += ds * q;
        dqkv![at(m, 2)]! += d * weights[m]!;
        dbias![two * n + m]! += ds;
      }
    }
  return {
    value: { shape: [many, two, 1], data: value! },
    qkv: { shape: [many, two, 3], data: dqkv! },
    ...(bias && { bias: { shape: [1, two, two], data: dbias! } }),
  };
}

const manyGroups = cases.map(
  ({ name, inputs, shape, run, define }): Check => ({
    name,
    here: onWebgpu,
    run: async () => {
      if (!onWebgpu()) return;
      await expectNoLeak(async () => {
        const values = Object.fromEntries(
          Object.entries(inputs).map(([of, sides], i) => [of, normals(sides, 400 + i)]),
        );
        const dyValues = normals(shape, 410);
        const tensors = Object.fromEntries(Object.entries(values).map(([of, v]) => [of, tensor(v, [...inputs[of]!])]));
        const dy = tensor(dyValues, [...shape]);
        const results = run(tensors, dy);
        try {
          for (const [of, expected] of Object.entries(define(values, dyValues)))
            await expectScaledClose(results[of]!, expected, { rtol: 5e-5, atol: 1e-7 }, of);
        } finally {
          dispose([tensors, dy, results]);
        }
      });
    },
  }),
);

export const limitChecks: readonly Check[] = [...tooLarge, ...manyGroups];
