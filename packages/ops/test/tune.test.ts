/** The tuner on WebGPU: what it chooses, keeps and refuses; and products by every tile. */
import { expectNoLeak, expectScaledClose, testBackends } from '@dr2net/testing';
import { getBackend, randomNormal, setBackend, type Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type LinearKernel, linear, linearGelu, tune } from '../src/index.ts';
import { webgpuBackend } from '../src/webgpu/backend.ts';
import { type Choices, candidates, halfCandidates, setChoices } from '../src/webgpu/tiles.ts';

test('other backends have nothing to tune', async () => {
  await setBackend('cpu');
  expect(await tune()).toBeUndefined();
});

function memoryStore() {
  const map = new Map<string, string>();
  return {
    map,
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, text: string) => map.set(key, text),
  };
}

const everywhere = (tile: (typeof candidates)[number]): Choices => ({
  ...{ 'NN small': tile, 'NN large': tile, 'NT small': tile, 'NT large': tile, 'TN small': tile, 'TN large': tile },
});

describe.each(await testBackends(['webgpu']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('tiles', () => {
    beforeAll(start);
    afterAll(() => getBackend() === 'webgpu' && setChoices(webgpuBackend().device, 'float32', {}));

    test('are measured once an adapter, and kept', async () => {
      const store = memoryStore();
      await expectNoLeak(async () => {
        const first = await tune({ store, again: true, precision: 'float32' });
        expect(first).toMatchObject({ measured: true });
        expect(Object.keys(first!.choices).sort()).toEqual(Object.keys(everywhere(candidates[0]!)).sort());
        for (const tile of Object.values(first!.choices)) expect(candidates).toContainEqual(tile);
        expect([...store.map.keys()]).toEqual([`dr2net tiles 1: ${first!.adapter}, float32`]);
        expect(await tune({ store })).toEqual({ ...first, measured: false });
      });
    });

    test('that a store cannot give are measured again', async () => {
      setChoices(webgpuBackend().device, 'float16', {});
      const store = memoryStore();
      const precision = 'float32';
      const text = JSON.stringify(everywhere(candidates[1]!));
      store.getItem = vi.fn(() => text);
      expect(await tune({ store, precision })).toMatchObject({ measured: false, choices: everywhere(candidates[1]!) });
      setChoices(webgpuBackend().device, 'float16', {});
      store.getItem = () => '{ broken';
      store.setItem = () => {
        throw new Error('full');
      };
      expect(await tune({ store, precision })).toMatchObject({ measured: true });
      setChoices(webgpuBackend().device, 'float16', {});
      store.getItem = () => JSON.stringify(everywhere({ kind: 'direct', lanes: 7, rows: 8 }));
      expect(await tune({ store, precision })).toMatchObject({ measured: true });
    });

    test('keep the precision that was asked for before', async () => {
      const { device } = webgpuBackend();
      if (!device.features.has('shader-f16')) return console.warn('SKIPPED float16: the device has no shader-f16.');
      setChoices(device, 'float16', everywhere(halfCandidates[0]!));
      expect(await tune({ store: memoryStore() })).toMatchObject({
        measured: false,
        choices: everywhere(halfCandidates[0]!),
      });
    });

    test('need no store that works', async () => {
      vi.stubGlobal('localStorage', {});
      setChoices(webgpuBackend().device, 'float32', everywhere(candidates[2]!));
      expect(await tune()).toMatchObject({ measured: false });
      vi.unstubAllGlobals();
    });

    /** Value and gradients of a layer above and below every tile, by the tiles that are set. */
    async function results(op: LinearKernel): Promise<Tensor[]> {
      const [x, weight, bias] = [
        randomNormal([3, 47, 68], 0, 1, 'float32', 1),
        randomNormal([68, 132], 0, 1, 'float32', 2),
        randomNormal([132], 0, 1, 'float32', 3),
      ];
      const { value, pullback } = op.trace(x, weight, bias);
      const gradients = pullback(value) as Record<string, Tensor>;
      for (const input of [x, weight, bias]) input.dispose();
      return [value, gradients.x!, gradients.weight!, gradients.bias!];
    }

    test.each([...candidates, ...halfCandidates])('%o gives the products', async (tile) => {
      const { device } = webgpuBackend();
      if (tile.kind === 'shared' && tile.half && !device.features.has('shader-f16')) {
        console.warn('SKIPPED float16: the device has no shader-f16.');
        return;
      }
      for (const op of [linear, linearGelu]) {
        setChoices(device, 'float32', everywhere(candidates[0]!));
        const usual = await results(op);
        setChoices(device, 'float32', everywhere(tile));
        const own = await results(op);
        const rtol = tile.kind === 'shared' && tile.half ? 5e-3 : 2e-6;
        for (const [i, tensor] of own.entries()) {
          const data = await usual[i]!.data();
          await expectScaledClose(tensor, { shape: usual[i]!.shape, data }, { rtol, atol: 1e-6 }, `${i}`);
          if (rtol > 1e-3 && i < 3) expect([...(await tensor.data())]).not.toEqual([...data]);
        }
        for (const tensor of [...usual, ...own]) tensor.dispose();
      }
    });

    test('float16 is refused where the device has none', async () => {
      const { device } = webgpuBackend();
      vi.spyOn(device.features, 'has').mockReturnValue(false);
      await expect(tune({ precision: 'float16' })).rejects.toThrow(/cannot calculate in float16 \(no shader-f16\)/);
      vi.restoreAllMocks();
    });
  });
});
