/** Files in half precision, as the embedded models are written: read back, within half a unit in the last place of float16. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors, readTensorFile } from '@dr2net/models';
import { afterAll, expect, test } from 'vitest';
import { halve } from '../scripts/embedded/half.ts';

const folder = mkdtempSync(join(tmpdir(), 'dr2net-half-'));
const path = join(folder, 'model.safetensors');
afterAll(() => rmSync(folder, { recursive: true }));

async function write(values: Float32Array): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeSafetensors([{ key: 'w', shape: [values.length], read: () => values }]))
    chunks.push(chunk.slice());
  writeFileSync(path, Buffer.concat(chunks));
}

test('every tensor is read back, rounded to eleven bits', async () => {
  const values = Float32Array.from({ length: 4001 }, (_, i) => 1.01 ** (i % 900) * (i % 2 ? -1e-3 : 1e-3));
  await write(values);
  halve(path);
  const { w } = Object.fromEntries(await readTensorFile(path));
  expect(w?.shape).toEqual([4001]);
  const wrong = values.findIndex(
    (value, i) => !(Math.abs((w?.data[i] ?? Number.NaN) - value) <= 2 ** -11 * Math.abs(value) + 2 ** -25),
  );
  expect(wrong).toBe(-1);
});

test.each([65_520, Number.NaN])('%d is refused', async (value) => {
  await write(Float32Array.of(1, value));
  expect(() => halve(path)).toThrow(/is no float16/);
});
