import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ChildError, lastObject, runNode } from './child.ts';
import { readJson, writeJson } from './files.ts';
import { InterruptedError } from './interrupt.ts';

const folder = mkdtempSync(join(tmpdir(), 'jobs-'));

function script(name: string, source: string): string {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, source);
  return path;
}

it('gives standard output whole and standard error by lines', async () => {
  const lines: string[] = [];
  const path = script('both', 'console.error("a\\nb"); process.stdout.write("{\\"x\\":1}");');
  expect(await runNode([path], { onLine: (line) => lines.push(line) })).toBe('{"x":1}');
  expect(lines).toEqual(['a', 'b']);
});

it('says what a failed child last wrote', async () => {
  const path = script('fails', 'console.error("why it failed"); process.exit(3);');
  const failure = await runNode([path], { onLine: () => {} }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ChildError);
  expect(failure).toMatchObject({ exitCode: 3, message: expect.stringContaining('why it failed') });
});

it.each([
  // Deaf to signals: one interrupted by Ctrl-C is sent no second SIGINT, and killed when the grace is over.
  { by: 'SIGINT', handler: 'process.on("SIGINT", () => {});' },
  // Asked to save and end.
  { by: 'SIGTERM', handler: 'process.on("SIGINT", () => process.exit(0));' },
] as const)('ends its child when interrupted by $by', async ({ by, handler }) => {
  const controller = new AbortController();
  const path = script(by, `${handler} console.error("up"); setInterval(() => {}, 1000);`);
  const run = runNode([path], {
    signal: controller.signal,
    // One that ends by itself has all the time: were it waited for in vain, this test would be ended before it.
    grace: by === 'SIGINT' ? 200 : 3_600_000,
    onLine: () => controller.abort(new InterruptedError(by)),
  });
  await expect(run).rejects.toBeInstanceOf(InterruptedError);
});

it('starts nothing after an interruption', async () => {
  await expect(
    runNode([join(folder, 'none.mjs')], { signal: AbortSignal.abort(new InterruptedError('SIGTERM')) }),
  ).rejects.toBeInstanceOf(InterruptedError);
});

it('writes result files whole and leaves nothing beside them', () => {
  const path = join(folder, 'deep', 'result.json');
  expect(readJson(path)).toBeUndefined();
  const result = { losses: [1, -2.5e-7, 3], names: ['a [1, 2] b', 'c'], deep: [[1, 2], [3]] };
  writeJson(path, result);
  expect(readJson(path)).toEqual(result);
  expect(readFileSync(path, 'utf8')).toContain('"losses": [1,-2.5e-7,3],\n');
  expect(readdirSync(join(folder, 'deep'))).toEqual(['result.json']);
  writeFileSync(path, '{"loss":');
  expect(() => readJson(path)).toThrow('not JSON');
});

it('finds the result after what a native library wrote', () => {
  expect(lastObject('validation is on\n{"x":[1]}\n')).toEqual({ x: [1] });
  expect(() => lastObject('')).toThrow('line of JSON');
  expect(() => lastObject('{"x":1}\nafterwards')).toThrow('afterwards');
});
