/** The page in a browser that is driven. */
import type { Case, LargestSettings, Measurement, Searched } from 'bench-core';
import type { CaseProgress } from 'bench-core/node';
import { patience } from 'jobs/browser';
import type { Browser } from 'playwright-core';
import type {} from '../src/main.ts';

export interface DrivenPage {
  /** What the page says of WebGPU. */
  adapter(): Promise<string>;
  /** @throws what the worker threw */
  measure(one: Case, onProgress: (progress: CaseProgress) => void): Promise<Measurement>;
  /** Searches and proves in the page's workers. @throws what the searching worker threw */
  largest(settings: LargestSettings, proveSeconds: number, say: (line: string) => void): Promise<Searched>;
}

export async function openPage(browser: Browser, url: string): Promise<DrivenPage> {
  const page = await browser.newPage();
  page.setDefaultTimeout(patience);
  let told: (progress: CaseProgress) => void = () => {};
  let said: (line: string) => void = () => {};
  await page.exposeFunction('benchProgress', (progress: CaseProgress) => told(progress));
  await page.exposeFunction('benchSay', (line: string) => said(line));
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
    largest(settings, proveSeconds, say) {
      said = say;
      return page.evaluate(([wanted, seconds]) => window.benchWeb.largest(wanted, seconds), [
        settings,
        proveSeconds,
      ] as const);
    },
  };
}
