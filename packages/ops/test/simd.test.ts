/** Our SIMD kernels: the committed binaries are what the sources give, and they keep off tfjs-wasm's memory. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compile, modules, moduleText, target } from '../scripts/simd.ts';

test.each(modules)(
  'the committed %s is what simd/*.ts gives (`pnpm --filter @dr2net/ops simd` makes it)',
  async (name) => {
    expect(readFileSync(target(name), 'utf8')).toBe(moduleText(name, await compile(name)));
  },
);

test.each(modules)('%s takes nothing but memory, and writes nothing there when it starts', async (name) => {
  const module = new WebAssembly.Module(Uint8Array.from(await compile(name)));
  expect(WebAssembly.Module.imports(module).map(({ kind }) => kind)).toEqual(['memory']);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = new Uint8Array(memory.buffer).fill(7);
  new WebAssembly.Instance(module, { env: { memory } });
  expect(bytes.every((byte) => byte === 7)).toBe(true);
});
