/** Deformable attention, the op and the layer, and sine positions against an independent implementation in float64. */
import { join } from 'node:path';
import { deformableAttention, Parameter } from '@dr2net/ops';
import {
  expectClose,
  expectNoLeak,
  expectScaledClose,
  readReference,
  sharedPath,
  testBackends,
  toTensor,
} from '@dr2net/testing';
import { dispose, reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { DeformableAttention, sinePositions } from '../src/index.ts';

const folder = sharedPath('reference/detection-maths');
const reference = folder ? readReference(join(folder, 'expected.safetensors')) : undefined;
const shapes = [
  [6, 5],
  [3, 3],
  [2, 1],
] as const;
/** Float32: forward and gradients. */
const limits = { value: { rtol: 2e-5, atol: 1e-7 }, gradient: { rtol: 1e-4, atol: 1e-7 } };

/** A tensor of the reference; linear weights turned to [in, out]. */
function given(name: string): Tensor {
  const made = toTensor(reference!.get(name)!);
  if (!name.endsWith('.weight')) return made;
  const turned = transpose(made);
  made.dispose();
  return turned;
}

const layers = {
  offsets: 'sampling_offsets',
  weights: 'attention_weights',
  value: 'value_proj',
  projection: 'output_proj',
};

/** The module of the reference, and under which names its parameters' gradients are. */
function referenceModule() {
  const names = new Map<Parameter, string>();
  const load = (layer: string, part: string) => {
    const made = new Parameter(`${layer}.${part}`, given(`deformable_module/parameter/${layer}.${part}`));
    names.set(made, `parameter/${layer}.${part}`);
    return made;
  };
  const parts = Object.entries(layers).flatMap(([key, layer]) => [
    [key, load(layer, 'weight')],
    [`${key}Bias`, load(layer, 'bias')],
  ]);
  const linear = Object.fromEntries(parts) as Record<keyof typeof layers | `${keyof typeof layers}Bias`, Parameter>;
  return { module: new DeformableAttention({ heads: 3, points: 4, ...linear }), names };
}

describe.skipIf(!reference).each(await testBackends())('$name', ({ available, start }) => {
  describe.skipIf(!available)('like the reference', () => {
    beforeAll(start);

    test('deformableAttention', () =>
      expectNoLeak(async () => {
        const [value, locations, weights, dy] = ['value', 'sampling_locations', 'attention_weights', 'cotangent'].map(
          (name) => given(`deformable/${name}`),
        ) as [Tensor, Tensor, Tensor, Tensor];
        const [batch, cells, heads, width] = value.shape as [number, number, number, number];
        const flat = reshape(value, [batch, cells, heads * width]);
        const traced = deformableAttention.trace(flat, locations, weights, { shapes });
        const gradients = traced.pullback(dy);
        await expectScaledClose(traced.value, reference!.get('deformable/output')!, limits.value, 'output');
        const own = reshape(gradients.value!, value.shape);
        for (const [name, gradient] of [
          ['value', own],
          ['sampling_locations', gradients.locations!],
          ['attention_weights', gradients.weights!],
        ] as const)
          await expectScaledClose(gradient, reference!.get(`deformable/grad/${name}`)!, limits.gradient, name);
        dispose([value, flat, locations, weights, dy, traced.value, own, gradients]);
      }));

    test.each(['points', 'boxes'])('the module, of %s, with padding', (kind) =>
      expectNoLeak(async () => {
        const { module, names } = referenceModule();
        const name = (part: string) => `deformable_module_${kind}/${part}`;
        const inputs = Object.fromEntries(
          Object.entries({ query: 'query', source: 'source', reference: 'reference', padding: 'padding_mask' }).map(
            ([key, part]) => [key, given(name(part))],
          ),
        ) as Record<'query' | 'source' | 'reference' | 'padding', Tensor>;
        const dy = given(name('cotangent'));
        const applied = module.apply({ ...inputs, shapes });
        const { value, pullback } = module.trace({ ...inputs, shapes });
        const found = new Map<string, Tensor>();
        const gradients = pullback(dy, (owner, gradient) => found.set(names.get(owner)!, gradient));
        for (const [input, gradient] of Object.entries(gradients)) found.set(input, gradient);
        const output = reference!.get(name('output'))!;
        await expectScaledClose(applied, output, limits.value, 'apply');
        await expectScaledClose(value, output, limits.value, 'trace');
        expect([...found.keys()].sort()).toEqual([...names.values(), 'query', 'reference', 'source'].sort());
        for (const [part, gradient] of found) {
          const wanted = reference!.get(name(`grad/${part}`))!;
          const turned = part.endsWith('.weight') ? transpose(gradient) : gradient.clone();
          await expectScaledClose(turned, wanted, limits.gradient, `gradient of ${part}`);
          dispose([turned, gradient]);
        }
        for (const each of module.parameters) each.dispose();
        dispose([inputs, dy, applied, value]);
      }),
    );
  });
});

const sine = {
  detr: { features: 8 },
  unnormalized: { features: 6, normalize: false },
  deformable: { features: 8, offset: -0.5 },
};

test.skipIf(!reference).each(Object.entries(sine))('sine positions as in the reference: %s', async (name, options) => {
  const mask = reference!.get('sine/mask')!;
  const { shape, data } = reference!.get(`sine/${name}`)!;
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const made = sinePositions({ batch, height, width, padding: mask.data }, options);
  // The reference has channels first.
  const cells = height * width;
  const turned = Float64Array.from(data, (_, i) => {
    const [b, c, cell] = [Math.floor(i / (channels * cells)), Math.floor(i / cells) % channels, i % cells];
    return made[(b * cells + cell) * channels + c]!;
  });
  await expectClose({ shape, data: turned }, { shape, data }, { rtol: 0, atol: 1e-6 });
});
