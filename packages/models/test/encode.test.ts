/** Safetensors files as they are written, byte by byte. */
import { expect, it } from 'vitest';
import { encodeSafetensors } from '../src/index.ts';

it('int64 comes first, so that its numbers lie at multiples of 8 whatever float32 tensors there are', async () => {
  const chunks: Uint8Array[] = [];
  const tensors = [
    { key: 'a', shape: [3], read: () => Float32Array.of(1, 2, 0.5) },
    { key: 'c', shape: [], dtype: 'I64' as const, read: () => Float32Array.of(17) },
    { key: 'b', shape: [1], read: () => Float32Array.of(-4) },
  ];
  for await (const chunk of encodeSafetensors(tensors)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  expect(start % 8).toBe(0);
  expect(JSON.parse(bytes.toString('utf8', 8, start))).toEqual({
    __metadata__: { format: 'pt' },
    c: { dtype: 'I64', shape: [], data_offsets: [0, 8] },
    a: { dtype: 'F32', shape: [3], data_offsets: [8, 20] },
    b: { dtype: 'F32', shape: [1], data_offsets: [20, 24] },
  });
  expect(bytes.readBigInt64LE(start)).toBe(17n);
  expect([8, 12, 16, 20].map((at) => bytes.readFloatLE(start + at))).toEqual([1, 2, 0.5, -4]);
});
