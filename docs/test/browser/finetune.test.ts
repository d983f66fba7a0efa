/** Finetuning in a tab: trained, stopped, gone on with after a reload, taken home; and what a hurried reader brings. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site, usable } from './site.ts';

const state = (page: Page, name: string) => page.waitForSelector(`live-finetune[data-state=${name}]`);
const text = async (page: Page, selector: string) => (await page.textContent(selector)) ?? '';
const setNumber = (page: Page, label: string, value: string) =>
  page.locator('.live-settings label', { hasText: label }).locator('input').fill(value);

/** Adds a script to the first worker of a page; those after it are as they are. */
const firstWorker = (script: string) => (page: Page) =>
  page.route('**/kit/finetune.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${await response.text()}${script}` });
    await page.unroute('**/kit/finetune.js');
  });

/** Does something once a step has been told. */
const afterStep = (step: number, script: string) => `
  const tell = postMessage.bind(globalThis);
  globalThis.postMessage = (told) => {
    tell(told);
    if (told.type === 'step' && told.step === ${step}) { ${script} }
  };`;

const losing = (step: number) => `
  const { requestDevice } = GPUAdapter.prototype;
  const devices = [];
  GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await requestDevice.apply(this, given);
    devices.push(device);
    return device;
  };
  ${afterStep(step, 'for (const device of devices) device.destroy();')}`;

/** No exported file is near enough to its model. */
const noDifferenceAllowed = (page: Page) =>
  page.route('**/kit/chunks/*.js', async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/\btolerance:(\w+)=1e-4/, 'tolerance:$1=-1');
    await route.fulfill({ response, body });
  });

/** The steps that the page tells of from now on, and `end` where it says how training ended. */
async function toldSteps(page: Page): Promise<() => Promise<string>> {
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    const line = document.querySelector('.live-progress') as Element;
    const look = () => seen.push(/^step (\d+)/.exec(line.textContent ?? '')?.[1] ?? 'end');
    new MutationObserver(look).observe(line, { childList: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen.join(' '));
}

/** A folder of pictures: `counts` of each class, noise around a colour. */
function pictures(counts: Readonly<Record<string, number>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'dr2net-pictures-'));
  for (const [index, [label, count]] of Object.entries(counts).entries()) {
    mkdirSync(join(folder, label));
    for (let i = 0; i < count; i++) {
      const data = Uint8Array.from(
        { length: 40 * 40 * 3 },
        (_, at) => ((at * 7919 + i * 31) % 60) + (at % 3 === index ? 180 : 20),
      );
      writeFileSync(join(folder, label, `${i}.png`), encode({ width: 40, height: 40, channels: 3, data }));
    }
  }
  return folder;
}

describe.skipIf(!usable)('finetune in this tab', () => {
  let site: Site;
  const folders: string[] = [];
  const made = (folder: string) => {
    folders.push(folder);
    return folder;
  };
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(async () => {
    await site?.close();
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  const open = async (before?: (page: Page) => Promise<unknown>) => {
    const visit = await site.visit('/live/finetune.html', {}, before);
    await state(visit.page, 'idle');
    return visit;
  };
  const choose = (page: Page, folder: string) => page.setInputFiles('.live-drop input', folder);

  test('the embedded set: trained, stopped, resumed after a reload, taken home', async () => {
    const { page, problems, close } = await open();
    await page.click('[data-act=embedded]');
    await page.waitForSelector('.live-table');
    expect(await text(page, '.live-chosen')).toContain('480 to train on, 160 to test on');
    await setNumber(page, 'epochs', '1');
    await page.click('[data-act=train]');
    await page.waitForFunction(() =>
      /step ([3-9]|\d\d)\//.test(document.querySelector('.live-progress')?.textContent ?? ''),
    );
    // Memory is told beside what ordinary finetuning needs.
    const [ours = 0, theirs = 0] = [...(await text(page, '.live-progress')).matchAll(/([\d.]+) MB/g)].map(([, value]) =>
      Number(value),
    );
    expect(theirs).toBeGreaterThan(4 * ours);
    await page.click('[data-act=stop]');
    await state(page, 'trained');
    const stopped = Number(await page.getAttribute('live-finetune', 'data-step'));
    expect(stopped).toBeLessThan(30);
    await page.reload();
    await page.waitForSelector('[data-act=resume]');
    const steps = await toldSteps(page);
    await page.click('[data-act=resume]');
    await state(page, 'trained');
    const rest = Array.from({ length: 30 - stopped }, (_, i) => stopped + 1 + i);
    expect(await steps()).toBe([...rest, 'end'].join(' '));
    expect(await text(page, '.live-progress')).toContain('Finished at step 30.');
    // Chance is 12.5 %.
    expect(Number(await page.getAttribute('live-finetune', 'data-accuracy'))).toBeGreaterThan(0.25);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-act=save]')]);
    expect(download.suggestedFilename()).toBe('model.safetensors');
    const file = readFileSync(await download.path());
    const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE())).toString());
    expect(Object.keys(header).length).toBeGreaterThan(20);
    const [onnx] = await Promise.all([page.waitForEvent('download'), page.click('[data-act=onnx]')]);
    expect(onnx.suggestedFilename()).toBe('model.onnx');
    const told = /^model\.onnx, ([\d.]+) MB.* at most ([\d.e-]+) of the largest\.$/.exec(
      await text(page, '.live-onnx'),
    );
    expect(Number(told?.[2])).toBeLessThan(1e-5);
    const exported = readFileSync(await onnx.path());
    expect(exported.length / 1e6).toBeCloseTo(Number(told?.[1]), 1);
    expect(exported.includes('dr2net.beta')).toBe(true);
    expect(problems).toEqual([]);
    await close();
  });

  test('a folder of images of two classes, with a file that is none', async () => {
    const folder = made(pictures({ red: 6, green: 6 }));
    writeFileSync(join(folder, 'red', 'notes.png'), 'no picture');
    const { page, problems, close } = await open(noDifferenceAllowed);
    await choose(page, folder);
    await page.waitForSelector('.live-table');
    const chosen = await text(page, '.live-chosen');
    expect(chosen).toContain('2 classes (green, red): 10 to train on, 2 to test on');
    expect(chosen).toMatch(/Left out: red\/notes\.png: it is no image/);
    await setNumber(page, 'epochs', '4');
    await setNumber(page, 'clips in a batch', '5');
    await page.click('[data-act=train]');
    await state(page, 'trained');
    expect(Number(await page.getAttribute('live-finetune', 'data-accuracy'))).toBe(1);
    await page.click('[data-act=onnx]');
    await state(page, 'error');
    expect(await text(page, '.live-status')).toMatch(/logits differ from ours by \d\.\de-\d+ of the largest/);
    expect(await text(page, '.live-onnx')).toBe('');
    expect(problems).toEqual([]);
    await close();
  });

  test.each([
    ['one class only', () => pictures({ red: 3 }), /one class only, "red".*folder of its own/],
    [
      'no images at all',
      () => {
        const folder = pictures({ a: 0, b: 0 });
        for (const label of ['a', 'b']) writeFileSync(join(folder, label, 'x.txt'), 'text');
        return folder;
      },
      /None of the 2 clips can be used/,
    ],
  ])('%s is refused, kindly', async (_, folderOf, message) => {
    const { page, close } = await open();
    await choose(page, made(folderOf()));
    await state(page, 'error');
    expect(await text(page, '.live-status')).toMatch(message);
    await close();
  });

  test('recordings of the webcam: trained on, and tested on the webcam', async () => {
    const { page, problems, close } = await open();
    const record = page.locator('.live-camera button', { hasText: 'Record two seconds' });
    for (const [label, count] of [
      ['wave', 2],
      ['clap', 2],
    ] as const) {
      await page.fill('.live-camera input', label);
      for (let i = 1; i <= count; i++) {
        await record.click();
        await page.waitForFunction(
          (told) => document.querySelector('.live-camera span')?.textContent?.includes(told),
          `${label}: ${i}`,
        );
      }
    }
    await page.click('.live-camera button >> text=Use the recordings');
    await page.waitForSelector('.live-table');
    expect(await text(page, '.live-chosen')).toContain('2 classes (clap, wave): 2 to train on, 2 to test on');
    await setNumber(page, 'epochs', '1');
    await page.click('[data-act=train]');
    await state(page, 'trained');
    // A plan for another model leaves the trained one as it is.
    await setNumber(page, 'blocks', '2');
    await page.click('text=Test on the webcam');
    await page.waitForFunction(() =>
      /^(clap|wave) \d+ %, (clap|wave) \d+ %$/.test(document.querySelector('.live-prediction')?.textContent ?? ''),
    );
    expect(problems).toEqual([]);
    await close();
  });

  test.each([
    ['goes on from its checkpoint', 'webgpu', losing(3), '1 2 3 3 4 end'],
    // What the page makes of it is the same on any backend.
    [
      'begins again where there is none yet',
      'wasm',
      afterStep(1, "tell({ type: 'error', message: 'gone', lost: true });"),
      '1 1 2 3 4 end',
    ],
  ])('a run whose graphics device is lost %s', async (_, backend, script, expected) => {
    const { page, problems, close } = await site.visit(
      `/live/finetune.html?backend=${backend}`,
      {},
      firstWorker(script),
    );
    await state(page, 'idle');
    expect(await page.getAttribute('live-finetune', 'data-backend')).toBe(backend);
    await choose(page, made(pictures({ red: 6, green: 6 })));
    await page.waitForSelector('.live-table');
    // Two steps an epoch, and a checkpoint after each epoch.
    await setNumber(page, 'epochs', '2');
    await setNumber(page, 'clips in a batch', '5');
    // Few shaders: a processor compiles them, anew in each worker.
    await setNumber(page, 'blocks', '1');
    await page.locator('.live-settings label', { hasText: 'method' }).locator('select').selectOption('frozen');
    const steps = await toldSteps(page);
    await page.click('[data-act=train]');
    await state(page, 'trained');
    expect(await text(page, '.live-progress')).toContain('Finished at step 4.');
    expect(await steps()).toBe(expected);
    expect(problems).toEqual([]);
    await close();
  });

  test('a number that will not do is told by its field', async () => {
    const { page, close } = await open();
    await page.click('[data-act=embedded]');
    await page.waitForSelector('.live-table');
    await setNumber(page, 'clips in a batch', '0');
    await page.click('[data-act=train]');
    await state(page, 'error');
    expect(await text(page, '.live-status')).toMatch(/clips in a batch: "0" will not do/);
    await close();
  });
});
