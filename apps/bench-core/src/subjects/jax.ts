/**
 * The other peer: jax-js (`@jax-js/jax`), the same network on the same weights, conventional (it has no `checkpoint` and no
 * `custom_vjp`), each of forward, step and AdamW one `jit`. It has devices and memory of its own. Its functions take their
 * arguments over; `.ref` keeps one.
 */
import * as jax from '@jax-js/jax';
import * as tf from '@tensorflow/tfjs-core';
import { positionTable, type VitNetwork } from '../networks/vit.ts';
import { epsilon, tokensOf, tubelet, type VitSize } from '../size.ts';
import { learningRate, type Subject, weightDecay } from './subject.ts';

const { numpy: np, nn } = jax;
type Arr = jax.Array;
type Weights = { [name: string]: Arr };

/** Pixels as rows of patches [batch · tokens, tubelet · patch · patch · 3], as the embedding takes them. */
async function patchRows({ size, pixels }: VitNetwork): Promise<{ rows: Float32Array; shape: [number, number] }> {
  const { batch, side, patch, frames } = size;
  const depth = frames === 1 ? 1 : tubelet;
  const rows = tf.reshape(pixels, [(batch * frames) / depth, depth, side, patch, side, patch * 3]);
  const order = tf.transpose(rows, [0, 2, 4, 1, 3, 5]);
  const values = (await order.data()) as Float32Array;
  rows.dispose();
  order.dispose();
  const columns = depth * patch * patch * 3;
  return { rows: values, shape: [values.length / columns, columns] };
}

/** The loss, as a function of weights, patch rows, one-hot targets and (of clips) the position table. */
function lossOf(size: VitSize) {
  const { width, heads, depth, batch, frames } = size;
  const tokens = tokensOf(size);
  const rows = batch * tokens;

  return function loss(weights: Weights, patches: Arr, targets: Arr, positions: Arr): Arr {
    const take = (name: string): Arr => {
      const found = weights[name];
      if (!found) throw new Error(`The network has no parameter ${name}.`);
      return found.ref;
    };
    const dense = (name: string, x: Arr) => np.matmul(x, take(`${name}.weight`)).add(take(`${name}.bias`));
    const norm = (name: string, x: Arr) => {
      const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
      const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
      const scale = np.reciprocal(np.sqrt(variance.add(epsilon)));
      return centred
        .mul(scale)
        .mul(take(`${name}.gain`))
        .add(take(`${name}.bias`));
    };
    const attention = (name: string, x: Arr) => {
      const [q, k, v] = np.split(dense(`${name}.qkv`, x), 3, -1) as [Arr, Arr, Arr];
      // nn.dotProductAttention is the same products by einsum, which needs iterator helpers that Node 20 has not.
      const size = width / heads;
      const split = (part: Arr) => part.reshape([batch, tokens, heads, size]);
      const scores = np.matmul(split(q).transpose([0, 2, 1, 3]), split(k).transpose([0, 2, 3, 1]));
      const weighted = np.matmul(nn.softmax(scores.mul(1 / Math.sqrt(size)), -1), split(v).transpose([0, 2, 1, 3]));
      return dense(`${name}.projection`, weighted.transpose([0, 2, 1, 3]).reshape([rows, width]));
    };

    let x = dense('stem.patch', patches);
    if (frames === 1) {
      const patchTokens = x.reshape([batch, tokens - 1, width]);
      const classToken = np.broadcastTo(take('stem.class').reshape([1, 1, width]), [batch, 1, width]);
      x = np.concatenate([classToken, patchTokens], 1).add(take('stem.position').reshape([1, tokens, width]));
      positions.dispose();
    } else x = x.reshape([batch, tokens, width]).add(positions);
    x = x.reshape([rows, width]);
    for (let i = 0; i < depth; i++) {
      const [a, m] = [`blocks.${i}.attention`, `blocks.${i}.mlp`];
      x = x.ref.add(attention(a, norm(`${a}.norm`, x)));
      const hidden = nn.gelu(dense(`${m}.expand`, norm(`${m}.norm`, x.ref)), { approximate: false });
      x = x.add(dense(`${m}.contract`, hidden));
    }
    const pooled =
      frames === 1
        ? norm('norm', x).reshape([batch, tokens, width]).slice([], 0)
        : norm('head.norm', np.mean(x.reshape([batch, tokens, width]), 1));
    const logits = nn.logSoftmax(dense('head.output', pooled), -1);
    for (const weight of Object.values(weights)) weight.dispose();
    return np.mean(np.sum(logits.mul(targets), -1)).mul(-1);
  };
}

type Moments = { m: Weights; v: Weights };

function adamW(
  weights: Weights,
  gradients: Weights,
  { m, v }: Moments,
  count: Arr,
): { weights: Weights; moments: Moments } {
  const [beta1, beta2] = [0.9, 0.999];
  const next: { weights: Weights; moments: Moments } = { weights: {}, moments: { m: {}, v: {} } };
  const [c1, c2] = [beta1, beta2].map((beta) => np.subtract(1, np.exp(count.ref.mul(Math.log(beta))))) as [Arr, Arr];
  count.dispose();
  for (const [name, weight] of Object.entries(weights)) {
    const [gradient, oldM, oldV] = [gradients[name], m[name], v[name]];
    if (!gradient || !oldM || !oldV) throw new Error(`There is no gradient or no moment of ${name}.`);
    const nextM = oldM.mul(beta1).add(gradient.ref.mul(1 - beta1));
    const nextV = oldV.mul(beta2).add(np.square(gradient).mul(1 - beta2));
    const root = np.sqrt(nextV.ref.div(c2.ref)).add(1e-8);
    const decay = weight.shape.length > 1 ? weightDecay : 0;
    next.weights[name] = weight.mul(1 - learningRate * decay).sub(nextM.ref.div(c1.ref).div(root).mul(learningRate));
    next.moments.m[name] = nextM;
    next.moments.v[name] = nextV;
  }
  c1.dispose();
  c2.dispose();
  return next;
}

const refs = (weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight.ref]));
const free = (weights: Weights): void => {
  for (const weight of Object.values(weights)) weight.dispose();
};

/** @param device `webgpu` or `wasm`; initialised by {@link startJax} */
export async function jaxSubject(network: VitNetwork, device: 'webgpu' | 'wasm'): Promise<Subject> {
  const found = await jax.init(device);
  if (!found.includes(device)) throw new Error(`jax-js finds no ${device} device here.`);
  jax.defaultDevice(device);
  const { rows, shape } = await patchRows(network);
  const patches = np.array(rows).reshape(shape);
  const upload = async (tensor: { data(): Promise<ArrayLike<number>>; shape: number[] }) =>
    np.array(Float32Array.from(await tensor.data())).reshape(tensor.shape);
  const targets = await upload(network.targets);
  const table = network.size.frames === 1 ? undefined : positionTable(network);
  const positions = table ? await upload(table) : np.zeros([1]);
  table?.dispose();
  const zeros = (): Weights =>
    Object.fromEntries(network.parameters.map(({ name, shape }) => [name, np.zeros([...shape])]));
  let weights: Weights = {};
  for (const { name, variable } of network.parameters) weights[name] = await upload(variable);
  let moments: Moments = { m: zeros(), v: zeros() };
  let gradients: Weights = {};
  let count = 0;

  const loss = lossOf(network.size);
  const forward = jax.jit(loss);
  const step = jax.jit(jax.valueAndGrad(loss) as (...args: Parameters<typeof loss>) => [Arr, Weights]);
  const update = jax.jit(adamW);

  function drop(): void {
    free(gradients);
    gradients = {};
  }

  return {
    async forward() {
      const value = forward(refs(weights), patches.ref, targets.ref, positions.ref);
      return Number((await value.data())[0]);
    },
    async step() {
      drop();
      const [value, made] = step(refs(weights), patches.ref, targets.ref, positions.ref);
      gradients = made;
      await jax.blockUntilReady(refs(made));
      return Number((await value.data())[0]);
    },
    async eachGradient(visit) {
      for (const [name, gradient] of Object.entries(gradients))
        visit(name, Float32Array.from((await gradient.ref.data()) as Float32Array));
    },
    async optimize() {
      const next = update(weights, gradients, moments, np.array(++count));
      weights = next.weights;
      moments = next.moments;
      gradients = {};
      await jax.blockUntilReady(refs(weights));
    },
    drop,
    dispose() {
      drop();
      for (const tree of [weights, moments.m, moments.v]) free(tree);
      for (const one of [patches, targets, positions]) one.dispose();
      for (const compiled of [forward, step, update]) compiled.dispose();
    },
  };
}
