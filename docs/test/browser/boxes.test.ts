/** Boxes on images in a page: what is found is checked, another image, images and models that are dropped, and what is none. */
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site, usable } from './site.ts';

const model = fileURLToPath(new URL('../../models/boxes', import.meta.url));
const settled = (page: Page, state = 'done') => page.waitForSelector(`live-boxes[data-state=${state}]`);
const status = async (page: Page) => (await page.textContent('live-boxes .live-status')) ?? '';
const shows = (page: Page, name: string) => page.waitForSelector(`live-boxes[data-picture="${name}"][data-state=done]`);
const number = async (page: Page, name: string) => Number(await page.getAttribute('live-boxes', `data-${name}`));
const file = (name: string, content: string | Uint8Array) => ({
  ...{ name, mimeType: '', buffer: Buffer.from(content as Uint8Array) },
});

/** A yellow square of 40 × 40 pixels at (90, 20) on a dark ground of 160 × 120. */
function yellowSquare(): Uint8Array {
  const [width, height] = [160, 120];
  const data = new Uint8Array(3 * width * height).fill(50);
  for (let y = 20; y < 60; y++) for (let x = 90; x < 130; x++) data.set([230, 210, 60], 3 * (y * width + x));
  return encode({ width, height, channels: 3, data });
}

async function setScore(page: Page, score: number): Promise<void> {
  await page.locator('live-boxes input[name=threshold]').evaluate((input: HTMLInputElement, value) => {
    input.value = String(value);
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }, score);
  await settled(page);
}

describe.skipIf(!usable)('boxes on images', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site?.close());

  test('drawn pictures: found, filtered by score, compared with the truth', async () => {
    const { page, problems, close } = await site.visit('/live/boxes.html');
    await shows(page, 'picture 1.png');
    let [missed, boxes, wrong] = [0, 0, 0];
    for (let seed = 2; seed <= 6; seed++) {
      const told = /: (\d) of (\d) objects? found, (no|\d) box(es)? too many,/.exec(await status(page));
      expect(Number(told?.[1])).toBe(await number(page, 'objects'));
      missed += Number(told?.[2]) - Number(told?.[1]);
      boxes += await number(page, 'boxes');
      wrong += await number(page, 'wrong');
      await page.click('[data-act=another]');
      await shows(page, `picture ${seed}.png`);
    }
    expect(missed).toBeLessThanOrEqual(1);
    expect(wrong).toBeLessThan(boxes / 3);
    const found = await number(page, 'boxes');
    expect(await page.locator('.live-boxes-drawn rect').count()).toBe(found);
    expect(await page.locator('.live-table tbody tr').count()).toBe(found);
    await page.check('input[name=truth]');
    expect(await page.locator('.live-boxes-drawn g rect').count()).toBeGreaterThan(0);
    await setScore(page, 0.05);
    expect(await number(page, 'boxes')).toBeGreaterThanOrEqual(found);
    expect(await page.textContent('.live-boxes-drawn text')).toMatch(/^(disc|square|triangle) (0\.\d\d|1\.00)$/);
    expect(problems).toEqual([]);
    await close();
  });

  test('what is dropped is used, or refused in words', async () => {
    const { page, problems, close } = await site.visit('/live/boxes.html');
    await shows(page, 'picture 1.png');
    const drop = (...files: Parameters<Page['setInputFiles']>[1][]) =>
      page.setInputFiles('.live-drop input', files.flat() as string[]);
    const refused = async (told: RegExp) => {
      await settled(page, 'error');
      expect(await status(page)).toMatch(told);
    };
    await drop(file('notes.txt', 'no image') as never);
    await refused(/None of the 1 files is an image/);
    await drop(file('broken.png', 'no image') as never);
    await refused(/^broken\.png/);
    await drop(file('model.safetensors', 'none') as never);
    await refused(/There is model\.safetensors and no config\.json/);
    await drop(`${model}/config.json`, `${model}/model.safetensors`, `${model}/preprocessor_config.json`);
    await shows(page, 'picture 1.png');
    expect(await page.textContent('live-boxes > .live-note')).toMatch(
      /^Your model: yolos, \d+ sub-blocks, trained by exact/,
    );
    await drop(file('square.png', yellowSquare()) as never);
    await shows(page, 'square.png');
    const [first] = await page.$$eval('.live-table tbody tr', (rows) =>
      rows.map((row) => [...row.children].map(({ textContent }) => textContent ?? '')),
    );
    expect(first?.[0]).toBe('square');
    for (const [k, value] of [90, 20, 40, 40].entries())
      expect(Math.abs(Number(first?.[2 + k]) - value)).toBeLessThan(10);
    await page.click('[data-act=embedded]');
    await shows(page, 'picture 2.png');
    expect(await page.textContent('live-boxes > .live-note')).toMatch(/^This page's model/);
    expect(problems).toEqual([]);
    await close();
  });
});
