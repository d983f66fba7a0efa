import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startBackend, UnknownBackendError } from '../src/index.ts';
import { backendName, backendNames, nearestName } from '../src/names.ts';

test.each([
  ['webgl', 'webgpu'],
  ['WASM', 'wasm'],
  ['tensorflow-node', 'node'],
  ['node_gpu', 'node-gpu'],
  ['automatic', 'auto'],
])('%s is refused, and %s is named as the nearest', async (given, nearest) => {
  await expect(startBackend(given)).rejects.toThrow(UnknownBackendError);
  await expect(startBackend(given)).rejects.toThrow(`There is no backend '${given}'. Did you mean '${nearest}'?`);
});

test('a known name is its own nearest, and one changed letter still finds it', () => {
  fc.assert(
    fc.property(fc.constantFrom(...backendNames), fc.nat(), fc.constantFrom('#', 'ß'), (name, at, letter) => {
      const i = at % name.length;
      expect(backendName(name)).toBe(name);
      expect(nearestName(name, backendNames)).toBe(name);
      expect(nearestName(name.slice(0, i) + letter + name.slice(i + 1), backendNames)).toBe(name);
    }),
  );
});
