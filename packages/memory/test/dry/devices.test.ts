/** The allocators' models against what the allocators are known to do, and against brute force. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BestFit, type Chunk } from '../../src/dry/devices/best-fit.ts';
import { BfcModel } from '../../src/dry/devices/bfc.ts';
import { BufferPoolModel } from '../../src/dry/devices/buffers.ts';
import { HeapModel } from '../../src/dry/devices/heap.ts';

const MiB = 2 ** 20;

describe('best fit', () => {
  const always = () => true;

  test('takes the smallest chunk that holds the request and joins neighbours again', () => {
    const heap = new BestFit();
    heap.extend(0, 100);
    const [a, b, c] = [10, 20, 30].map((size) => heap.take(size, always)!) as [Chunk, Chunk, Chunk];
    heap.release(b);
    // 20 (between a and c) and 40 (after c) are free.
    expect(heap.take(15, always)!.address).toBe(10);
    heap.release(a);
    heap.release(c);
    const whole = heap.take(75, always);
    expect(whole?.address).toBe(25);
  });

  test('never hands out overlapping memory, and everything joins in the end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (sizes, picks) => {
          const heap = new BestFit();
          heap.extend(0, 2000);
          const held: Chunk[] = [];
          for (const size of sizes) {
            const chunk = heap.take(size, (found) => found.size > size);
            if (chunk) held.push(chunk);
            if (size % 3 === 0 && held.length > 0)
              heap.release(held.splice((picks.next().value as number) % held.length, 1)[0]!);
            const sorted = [...held].sort((x, y) => x.address - y.address);
            for (let i = 1; i < sorted.length; i++)
              expect(sorted[i - 1]!.address + sorted[i - 1]!.size).toBeLessThanOrEqual(sorted[i]!.address);
          }
          for (const chunk of held) heap.release(chunk);
          expect(heap.take(2000, always)?.address).toBe(0);
        },
      ),
    );
  });
});

describe('WebGPU buffers', () => {
  test('are pooled by exact size, and never given back', () => {
    const pool = new BufferPoolModel();
    const a = pool.allocate(1000, false);
    pool.release(a);
    pool.allocate(1000, false);
    expect(pool.bytes).toBe(1000);
    pool.allocate(996, false);
    expect(pool.bytes).toBe(1996);
  });

  test('are free only after the queue was submitted, every 15 kernels', () => {
    const pool = new BufferPoolModel();
    for (let i = 0; i < 15; i++) {
      const block = pool.allocate(100, false);
      pool.dispatch([block]);
      if (i < 14) pool.release(block);
    }
    expect(pool.bytes).toBe(1500);
    // The 14 that were released are in the pool now.
    for (let i = 0; i < 14; i++) pool.allocate(100, false);
    expect(pool.bytes).toBe(1500);
    pool.allocate(100, false);
    expect(pool.bytes).toBe(1600);
  });

  test('values that come into a pooled buffer pass through one of their own, until the queue has run', () => {
    const pool = new BufferPoolModel();
    pool.release(pool.allocate(100, true));
    expect(pool.bytes).toBe(100);
    pool.allocate(100, true);
    expect(pool.bytes).toBe(200);
    pool.wait();
    expect(pool.bytes).toBe(100);
  });
});

describe("TensorFlow's allocator", () => {
  test('counts whole chunks: one below twice the request is not cut', () => {
    const bfc = new BfcModel();
    const first = bfc.allocate(1.5 * MiB);
    expect(bfc.bytes).toBe(2 * MiB);
    bfc.release(first);
    bfc.allocate(1 * MiB);
    expect(bfc.bytes).toBe(1 * MiB);
    bfc.allocate(1);
    expect(bfc.bytes).toBe(1 * MiB + 256);
  });

  test('is empty when all is released', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 8 * MiB }), { maxLength: 40 }), (sizes) => {
        const bfc = new BfcModel();
        const blocks = sizes.map((size) => bfc.allocate(size));
        expect(bfc.bytes).toBeGreaterThanOrEqual(sizes.reduce((sum, size) => sum + size, 0));
        for (const block of blocks) bfc.release(block);
        expect(bfc.bytes).toBe(0);
      }),
    );
  });
});

describe('the wasm heap', () => {
  test('starts at 16 MiB, grows by a fifth at least, never shrinks', () => {
    const heap = new HeapModel();
    const small = heap.allocate(10 * MiB);
    expect(heap.bytes).toBe(16 * MiB);
    const large = heap.allocate(6 * MiB);
    expect(heap.bytes).toBeGreaterThanOrEqual(1.2 * 16 * MiB);
    expect(heap.bytes).toBeLessThan(1.21 * 16 * MiB);
    heap.release(small);
    heap.release(large);
    const before = heap.bytes;
    heap.allocate(12 * MiB);
    expect(heap.bytes).toBe(before);
  });

  test('grows to what is asked for, where that is more', () => {
    const heap = new HeapModel();
    heap.allocate(100 * MiB);
    expect(heap.bytes).toBeGreaterThan(101 * MiB);
    expect(heap.bytes).toBeLessThan(102 * MiB);
  });
});
