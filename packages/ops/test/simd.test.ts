/** Our SIMD kernels: the committed binary is what the sources give, and it keeps off tfjs-wasm's memory. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compile, moduleText } from '../scripts/simd.ts';

const path = new URL('../src/simd/binary.ts', import.meta.url);

test('the committed binary is what simd/*.ts gives (`pnpm --filter @dr2net/ops simd` makes it)', async () => {
  expect(readFileSync(path, 'utf8')).toBe(moduleText(await compile()));
}, 60_000);

test('the module takes nothing but memory, and writes nothing there when it starts', async () => {
  const module = new WebAssembly.Module(Uint8Array.from(await compile()));
  expect(WebAssembly.Module.imports(module).map(({ kind }) => kind)).toEqual(['memory']);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = new Uint8Array(memory.buffer).fill(7);
  new WebAssembly.Instance(module, { env: { memory } });
  expect(bytes.every((byte) => byte === 7)).toBe(true);
}, 60_000);
