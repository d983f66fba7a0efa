/** What `npx dr2net init` writes: a project that names our packages, with everything else from the registry. */
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { installTarballs } from '../src/fresh-project.ts';
import { run } from '../src/stranger.ts';

const project = inject('project') ?? '';

describe.skipIf(!project)('dr2net init', () => {
  test('makes a project that is installed and runs by itself', async () => {
    // Beside the shared project, not in it: nothing is found in a folder above.
    const made = join(project, '../made-alone');
    await run('npx', ['--no-install', 'dr2net', 'init', made, '--language', 'js', '--for', 'node'], { cwd: project });
    await installTarballs(made, inject('tarballs'));
    const { stdout } = await run('npm', ['start', '--', '2'], { cwd: made });
    // The backend that it asks for, and no other of this machine.
    expect(stdout).toContain('backend wasm');
    expect(stdout).toMatch(/% of 160 clips that were held back are told right/);
  });
});
