/** The declarations under `strict`, with `skipLibCheck: false`. */
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { copyPage } from '../src/page.ts';
import { typeErrors } from '../src/typescript.ts';

const project = inject('project');

describe.skipIf(!project)('under TypeScript', () => {
  beforeAll(() => copyPage(project ?? ''));

  test.each(['nodenext', 'bundler'] as const)('no error by %s, without the old WebGPU types', async (resolution) => {
    expect(await typeErrors(project ?? '', { resolution, withoutWebgpuTypes: true })).toEqual([]);
  });

  test("no error of ours beside tfjs-core's own", async () => {
    const errors = await typeErrors(project ?? '', { resolution: 'nodenext', withoutWebgpuTypes: false });
    expect(errors.length).toBeGreaterThan(0);
    const theirs = /^node_modules\/(@webgpu\/types\/|typescript\/lib\/lib\.dom\.d\.ts)/;
    expect(errors.filter((line) => !theirs.test(line))).toEqual([]);
  });
});
