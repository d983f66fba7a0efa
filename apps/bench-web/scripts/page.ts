/** The page in a browser that is driven. */
import type { Case, Measurement } from 'bench-core';
import type { CaseProgress } from 'bench-core/node';
import type { Browser } from 'playwright-core';
import type {} from '../src/main.ts';

export interface DrivenPage {
  /** What the page says of WebGPU. */
  adapter(): Promise<string>;
  /** @throws what the worker threw */
  measure(one: Case, onProgress: (progress: CaseProgress) => void): Promise<Measurement>;
}

export async function openPage(browser: Browser, url: string): Promise<DrivenPage> {
  const page = await browser.newPage();
  let told: (progress: CaseProgress) => void = () => {};
  await page.exposeFunction('benchProgress', (progress: CaseProgress) => told(progress));
  await page.goto(url);
  await page.waitForFunction(
    () => 'benchWeb' in window && !document.querySelector('#environment')?.textContent?.includes('…'),
  );
  return {
    adapter: async () => (await page.textContent('#environment')) ?? '',
    measure(one, onProgress) {
      told = onProgress;
      return page.evaluate((wanted) => window.benchWeb.measure(wanted), one);
    },
  };
}
