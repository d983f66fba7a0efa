/** A pre-norm transformer of sub-blocks, composed of ops by hand, with the weights of the block-dr2net reference. */
import { attention, layerNorm, linear, linearGelu, once, Parameter, type Sink } from '@dr2net/ops';
import { type ReferenceTensor, readReference } from '@dr2net/testing';
import { type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import type { SubBlock } from '../src/index.ts';

type Weights = (name: string) => Parameter;

function send(sink: Sink, parameter: Parameter, gradient: Tensor | undefined): void {
  if (gradient) sink(parameter, gradient);
}

/** LayerNorm + attention + projection. */
function attentionSubBlock(name: string, weights: Weights, heads: number): SubBlock {
  const [gain, shift] = [weights('norm1.weight'), weights('norm1.bias')];
  const [qkvWeight, qkvBias] = [weights('attn.qkv.weight'), weights('attn.qkv.bias')];
  const [projWeight, projBias] = [weights('attn.proj.weight'), weights('attn.proj.bias')];
  return {
    name,
    parameters: [gain, shift, qkvWeight, qkvBias, projWeight, projBias],
    apply: (x) =>
      tidy(() => {
        const normed = layerNorm.apply(x, gain.variable, shift.variable, 1e-6);
        const qkv = linear.apply(normed, qkvWeight.variable, qkvBias.variable);
        const mixed = attention.apply(qkv, { heads });
        return linear.apply(mixed, projWeight.variable, projBias.variable);
      }),
    trace(x) {
      const norm = layerNorm.trace(x, gain.variable, shift.variable, 1e-6);
      const qkv = linear.trace(norm.value, qkvWeight.variable, qkvBias.variable);
      norm.value.dispose();
      const mixed = attention.trace(qkv.value, { heads });
      qkv.value.dispose();
      const proj = linear.trace(mixed.value, projWeight.variable, projBias.variable);
      mixed.value.dispose();
      const parts = [norm.pullback, qkv.pullback, mixed.pullback, proj.pullback];
      const pullback = once(name, parts, (dy: Tensor, sink: Sink) => {
        const d1 = proj.pullback(dy);
        send(sink, projWeight, d1.weight);
        send(sink, projBias, d1.bias);
        const d2 = mixed.pullback(d1.x!);
        d1.x!.dispose();
        const d3 = qkv.pullback(d2.qkv!);
        d2.qkv!.dispose();
        send(sink, qkvWeight, d3.weight);
        send(sink, qkvBias, d3.bias);
        const d4 = norm.pullback(d3.x!);
        d3.x!.dispose();
        send(sink, gain, d4.gain);
        send(sink, shift, d4.bias);
        return d4.x!;
      });
      return { value: proj.value, pullback };
    },
  };
}

/** LayerNorm + MLP. */
function mlpSubBlock(name: string, weights: Weights): SubBlock {
  const [gain, shift] = [weights('norm2.weight'), weights('norm2.bias')];
  const [weight1, bias1] = [weights('mlp.fc1.weight'), weights('mlp.fc1.bias')];
  const [weight2, bias2] = [weights('mlp.fc2.weight'), weights('mlp.fc2.bias')];
  return {
    name,
    parameters: [gain, shift, weight1, bias1, weight2, bias2],
    apply: (x) =>
      tidy(() => {
        const normed = layerNorm.apply(x, gain.variable, shift.variable, 1e-6);
        const hidden = linearGelu.apply(normed, weight1.variable, bias1.variable);
        return linear.apply(hidden, weight2.variable, bias2.variable);
      }),
    trace(x) {
      const norm = layerNorm.trace(x, gain.variable, shift.variable, 1e-6);
      const fc1 = linearGelu.trace(norm.value, weight1.variable, bias1.variable);
      norm.value.dispose();
      const fc2 = linear.trace(fc1.value, weight2.variable, bias2.variable);
      fc1.value.dispose();
      const pullback = once(name, [norm.pullback, fc1.pullback, fc2.pullback], (dy: Tensor, sink: Sink) => {
        const d1 = fc2.pullback(dy);
        send(sink, weight2, d1.weight);
        send(sink, bias2, d1.bias);
        const d2 = fc1.pullback(d1.x!);
        d1.x!.dispose();
        send(sink, weight1, d2.weight);
        send(sink, bias1, d2.bias);
        const d3 = norm.pullback(d2.x!);
        d2.x!.dispose();
        send(sink, gain, d3.gain);
        send(sink, shift, d3.bias);
        return d3.x!;
      });
      return { value: fc2.value, pullback };
    },
  };
}

/** A reference tensor as the ops want it: linear weights [in, out]. */
export function fromCheckpoint({ shape, data }: ReferenceTensor): Tensor {
  const value = tensor(Array.from(data), [...shape]);
  return shape.length === 2 ? tidy(() => transpose(value)) : value;
}

/** Attention, MLP, attention, … with the parameters that `weights` gives by their names in the checkpoint. */
export function stack(depth: number, heads: number, weights: Weights): SubBlock[] {
  return Array.from({ length: depth }, (_, k) => {
    const own: Weights = (name) => weights(`blocks.${k}.${name}`);
    return [attentionSubBlock(`blocks.${k}.attention`, own, heads), mlpSubBlock(`blocks.${k}.mlp`, own)];
  }).flat();
}

/** The stack of the reference. */
export function referenceStack(path: string, heads: number): { subBlocks: SubBlock[]; parameters: Parameter[] } {
  const checkpoint = readReference(path);
  const parameters = new Map([...checkpoint].map(([key, value]) => [key, new Parameter(key, fromCheckpoint(value))]));
  const subBlocks = stack(parameters.size / 12, heads, (name) => parameters.get(name)!);
  return { subBlocks, parameters: [...parameters.values()] };
}
