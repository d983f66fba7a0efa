/** A random transformer as sub-blocks of our layers. */
import { attentionSubBlock, mlpSubBlock } from '@dr2net/layers';
import { Parameter } from '@dr2net/ops';
import type { RandomTransformer } from '@dr2net/testing/float64';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

const epsilon = 1e-6;

export function makeStack(network: RandomTransformer) {
  const { weights, shapes, depth, heads, batch, tokens, width } = network;
  const parameters = new Map(
    [...weights].map(([name, data]) => [
      name,
      new Parameter(name, tensor(Float32Array.from(data), [...shapes.get(name)!])),
    ]),
  );
  const states = (data: Float64Array): Tensor => tensor(Float32Array.from(data), [batch, tokens, width]);
  const [x0, cotangent] = [states(network.x0), states(network.cotangent)];
  const subBlocks = Array.from({ length: depth }, (_, k) => {
    const own = (name: string) => parameters.get(`blocks.${k}.${name}`)!;
    const norm = (name: string) => ({ gain: own(`${name}.weight`), bias: own(`${name}.bias`), epsilon });
    return [
      attentionSubBlock(`blocks.${k}.attention`, {
        norm: norm('norm1'),
        attention: {
          heads,
          qkv: own('attn.qkv.weight'),
          qkvBias: own('attn.qkv.bias'),
          projection: own('attn.proj.weight'),
          projectionBias: own('attn.proj.bias'),
        },
      }),
      mlpSubBlock(`blocks.${k}.mlp`, {
        norm: norm('norm2'),
        mlp: {
          expand: own('mlp.fc1.weight'),
          expandBias: own('mlp.fc1.bias'),
          contract: own('mlp.fc2.weight'),
          contractBias: own('mlp.fc2.bias'),
        },
      }),
    ];
  }).flat();
  return {
    subBlocks,
    x0,
    cotangent,
    dispose() {
      for (const item of [x0, cotangent, ...parameters.values()]) item.dispose();
    },
  };
}
