/** Point clouds in a page: what is found is checked, another room, clouds and models that are dropped, and what is none. */
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site, usable } from './site.ts';

const model = fileURLToPath(new URL('../../models/points', import.meta.url));
const settled = (page: Page, state = 'done') => page.waitForSelector(`live-points[data-state=${state}]`);
const status = async (page: Page) => (await page.textContent('live-points .live-status')) ?? '';
const meanIou = async (page: Page) => Number(await page.getAttribute('live-points', 'data-miou'));

const drop = (page: Page, ...files: { name: string; mimeType: string; buffer: Buffer }[]) =>
  page.setInputFiles('.live-drop input', files);
const text = (name: string, content: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });

/** The colours of the canvas that are not the ground's, as the share of its pixels. */
const drawn = (page: Page) =>
  page.evaluate(async () => {
    const canvas = document.querySelector('live-points canvas') as HTMLCanvasElement;
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
    // Within the frame in which it was drawn: afterwards the picture is gone.
    canvas.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));
    await new Promise((next) => requestAnimationFrame(next));
    copy?.drawImage(canvas, 0, 0);
    const { data } = copy?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: new Uint8ClampedArray() };
    let shown = 0;
    for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) shown++;
    return shown / (canvas.width * canvas.height);
  });

describe.skipIf(!usable)('point clouds', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site?.close());

  test('rooms are segmented, drawn and coloured', async () => {
    const { page, problems, close } = await site.visit('/live/points.html');
    await settled(page);
    expect(await meanIou(page)).toBeGreaterThan(0.75);
    expect(await status(page)).toMatch(/^This browser has no WebGPU.*room 1\.txt: 8,000 points in .*mean IoU/);
    expect(await page.locator('.live-table tbody tr').count()).toBe(5);
    const coloured = await drawn(page);
    expect(coloured).toBeGreaterThan(0.1);
    // A class that is hidden is drawn no more; the error is right and wrong.
    await page.locator('.live-colours label', { hasText: 'wall' }).locator('input').uncheck();
    expect(await drawn(page)).toBeLessThan(0.9 * coloured);
    await page.locator('.live-colours input[value=error]').check();
    const rows = await page.locator('.live-colours fieldset:last-child label').allTextContents();
    expect(rows.map((row) => row.trim().split(' ')[0])).toEqual(['right', 'wrong']);
    await page.focus('live-points canvas');
    await page.keyboard.press('t');
    await page.keyboard.press('Enter');
    expect(await page.textContent('.live-beside [role=status]')).toMatch(/^truth: \w+, predicted: \w+$/);
    await page.click('[data-act=another]');
    await page.waitForSelector('live-points[data-cloud="room 2.txt"]');
    expect(await meanIou(page)).toBeGreaterThan(0.75);
    expect(problems).toEqual([]);
    await close();
  });

  test('what is dropped is used, or refused in words', async () => {
    const { page, problems, close } = await site.visit('/live/points.html');
    await settled(page);
    const refused = async (told: RegExp) => {
      await settled(page, 'error');
      expect(await status(page)).toMatch(told);
    };
    await drop(page, text('notes.md', 'no cloud'));
    await refused(/notes\.md: no cloud\. The page reads ply, pcd, las, laz/);
    await drop(page, text('notes.txt', 'no cloud at all\nnor here'));
    await refused(/^notes\.txt/);
    await drop(page, text('few.xyz', '0 0 0\n1 0 0\n0 1 1'));
    await refused(/few\.xyz.*3 points/);
    await drop(page, text('config.json', '{}'));
    await refused(/There is config\.json and no model\.safetensors/);
    const floor = Array.from({ length: 2500 }, (_, i) => `${(i % 50) / 7} ${Math.floor(i / 50) / 7} ${(i % 3) / 100}`);
    await page.setInputFiles('.live-drop input', [`${model}/config.json`, `${model}/model.safetensors`]);
    await settled(page);
    expect(await page.textContent('live-points > .live-note')).toMatch(
      /^Your model: 6 blocks of width 48, trained by exact/,
    );
    await drop(page, text('floor.xyz', floor.join('\n')));
    await page.waitForSelector('live-points[data-cloud="floor.xyz"][data-state=done]');
    const [found] = await page.$$eval('.live-table tbody tr', (rows) =>
      rows.map((row) => row.children[1]?.textContent),
    );
    expect(Number(found?.replaceAll(',', ''))).toBeGreaterThan(2000);
    expect(await page.locator('.live-colours input[value=truth]').count()).toBe(0);
    await page.click('[data-act=embedded]');
    await settled(page);
    expect(await page.textContent('live-points > .live-note')).toMatch(/^This page's model/);
    expect(problems).toEqual([]);
    await close();
  });
});
