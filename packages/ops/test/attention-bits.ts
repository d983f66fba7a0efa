/** Run by own-operations.test.ts in a process of its own: prints a digest of the bits of attention, in windows too, and its gradients, of odd and even sizes. */
import { createHash } from 'node:crypto';
import { testBackends } from '@dr2net/testing';
import { randomNormal } from '@tensorflow/tfjs-core';
import { own } from '../src/attention/own.ts';
import { own as windows } from '../src/window-attention/own.ts';

const node = (await testBackends()).find(({ name }) => name === 'node');
if (!node?.available) throw new Error('The node backend is not there: pnpm native cpu builds it.');
await node.start();

const hash = createHash('sha256');
for (const [batch, tokens, heads, width] of [
  [1, 1, 1, 1],
  [2, 197, 2, 64],
  [1, 101, 3, 13],
  [1, 5, 1, 300],
] as const) {
  const qkv = randomNormal([batch, tokens, 3 * heads * width], 0, 1, 'float32', 1);
  const dy = randomNormal([batch, tokens, heads * width], 0, 1, 'float32', 2);
  const { value, pullback } = own.trace(qkv, { heads });
  const bias = randomNormal([heads, tokens, tokens], 0, 1, 'float32', 3);
  const inWindows = windows.trace(qkv, bias, { heads });
  const gradients = inWindows.pullback(dy);
  for (const made of [value, pullback(dy).qkv!, inWindows.value, gradients.qkv!, gradients.bias!])
    hash.update(new Uint8Array(made.dataSync().buffer.slice(0)));
}
process.stdout.write(`${hash.digest('hex')}\n`);
