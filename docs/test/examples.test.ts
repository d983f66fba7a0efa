/** The live examples without a browser: each runs to its end on the cpu backend, small, and shows numbers. */
import '@tensorflow/tfjs-backend-cpu';
import { memory, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

type Values = Record<string, number | string>;
interface Example {
  readonly controls: Record<string, { readonly value: number | string }>;
  run(values: Values): AsyncIterable<object>;
}

/** What is smaller than the page begins with. */
const smaller: Readonly<Record<string, Values>> = {
  memory: { depth: 1, tokens: 32 },
  recurrence: { depth: 8 },
  schedules: {},
};

beforeAll(() => setBackend('cpu'));

it.each(Object.keys(smaller))('%s', async (name) => {
  const { controls, run } = (await import(`../examples/${name}.js`)) as Example;
  const values = Object.fromEntries(Object.entries(controls).map(([key, { value }]) => [key, value]));
  const before = memory().numTensors;
  const shown: object[] = [];
  for await (const output of run({ ...values, ...smaller[name] })) shown.push(output);
  expect(shown.length).toBeGreaterThan(0);
  expect(JSON.stringify(shown)).not.toMatch(/NaN|null/);
  expect(memory().numTensors).toBe(before);
});
