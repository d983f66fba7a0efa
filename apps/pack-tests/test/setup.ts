/** One set of tarballs and one project for all tests, made before the first and removed after the last. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { makeFreshProject } from '../src/fresh-project.ts';
import { askRegistry, NoRegistryError } from '../src/npm.ts';
import { packAll, type Tarballs } from '../src/pack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly tarballs: Tarballs;
    /** The folder of the project; undefined where npm cannot reach its registry. */
    readonly project: string | undefined;
  }
}

export default async function setup(vitest: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'dr2net-stranger-'));
  // Asynchronously: vitest waits for its workers meanwhile, and gives up where it cannot hear them.
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const tarballs = await packAll(join(folder, 'tarballs'));
    vitest.provide('tarballs', tarballs);
    await askRegistry();
    const project = join(folder, 'project');
    await makeFreshProject(project, tarballs);
    vitest.provide('project', project);
  } catch (error) {
    if (!(error instanceof NoRegistryError)) {
      await remove();
      throw error;
    }
    console.warn('SKIPPED the packed packages in a fresh project: npm cannot reach its registry.');
    vitest.provide('project', undefined);
  }
  return remove;
}
