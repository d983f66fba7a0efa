/** What `npx dr2net init` writes: all four projects run or are built; those that are made alone name all that they need. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findChromium, patience, servePages, startChromium } from 'jobs/browser';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { installTarballs } from '../src/fresh-project.ts';
import { run } from '../src/stranger.ts';

const project = inject('project') ?? '';
const executable = findChromium();
if (!executable) console.warn('SKIPPED the page of dr2net init in a browser: no chromium.');

// What is made within the shared project finds in the folder above what is installed there; what is made beside it finds nothing.
const [within, alone] = [join(project, 'made'), join(project, '../made-alone')];

async function make(folder: string, language: 'js' | 'ts', target: 'node' | 'vite'): Promise<string> {
  const made = join(folder, `${target}-${language}`);
  const args = ['--no-install', 'dr2net', 'init', made, '--language', language, '--for', target];
  await run('npx', args, { cwd: project });
  if (folder === alone) await installTarballs(made, inject('tarballs'));
  return made;
}

async function trained(made: string): Promise<void> {
  const { stdout, stderr } = await run('npm', ['start', '--', '2'], { cwd: made });
  expect(stderr).toContain('finished at step 2');
  expect(stdout).toMatch(/[\d.]+ % of 160 clips that were held back are told right\nactivations took [\d.]+ MB/);
  expect(readdirSync(join(made, 'finetuned'))).toContain('model.safetensors');
  // Where it is alone: the backend that it asks for, and no other of this machine.
  if (made.startsWith(alone)) expect(stdout).toContain('backend wasm');
}

async function built(made: string): Promise<void> {
  await run('npm', ['run', 'build'], { cwd: made });
  expect(readdirSync(join(made, 'dist'))).toEqual(expect.arrayContaining(['assets', 'index.html', 'model']));
}

describe.skipIf(!project)('dr2net init', () => {
  beforeAll(() => {
    mkdirSync(within);
    mkdirSync(alone);
  });

  test('makes a project of JavaScript for Node, which trains to the end', async () => {
    await trained(await make(alone, 'js', 'node'));
  });

  test('makes a project of TypeScript for Node, which is compiled and trains to the end', async () => {
    await trained(await make(within, 'ts', 'node'));
  });

  test('makes a page of JavaScript, which is built', async () => {
    await built(await make(within, 'js', 'vite'));
  });

  test('makes a page of TypeScript, which is checked and built, trains and stops', async () => {
    const made = await make(alone, 'ts', 'vite');
    await built(made);
    if (!executable) return;
    const site = await servePages(join(made, 'dist'));
    const browser = await startChromium(executable);
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(`${error}`));
      page.setDefaultTimeout(patience);
      const until = (status: RegExp) => page.locator('#status').filter({ hasText: status }).waitFor();
      await page.goto(`${site.url}?steps=2`);
      await page.click('#start');
      await until(/^Finished: [\d.]+ % of 160 clips/);
      expect(await page.textContent('#backend')).toMatch(/^Computes (on WebGPU|in WebAssembly)/);
      expect(Number(await page.textContent('#loss'))).toBeGreaterThan(1);
      await page.goto(site.url);
      await page.click('#start');
      // Any step: the first may have gone by before it is looked for.
      await until(/step \d+ of 180/);
      await page.click('#stop');
      await until(/^Stopped: [\d.]+ % of 160 clips/);
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
      await site.close();
    }
  });
});
