/**
 * The benchmark in a page.
 *
 *     pnpm bench:web --quick     headless Chromium, results as `pnpm bench` writes them
 *     pnpm bench:web --open      the page in your own browser (--serve: without opening it)
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { known } from 'bench-core';
import {
  addCaseOptions,
  type CaseFlags,
  casesAsked,
  count,
  finish,
  names,
  resultFolder,
  runCases,
  slug,
} from 'bench-core/node';
import { Command } from 'commander';
import { InterruptedError, onInterrupt, repositoryRoot, userPath } from 'jobs';
import { findChromium, startChromium } from 'jobs/browser';
import { openPage } from './page.ts';
import { benchSite } from './site.ts';

interface Flags extends CaseFlags {
  backend: string[];
  serve?: true;
  open?: true;
  port: number;
}

const pageBackends = ['webgpu', 'wasm'] as const;

/** By the system's own way of opening an address. */
function openInBrowser(url: string): void {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[process.platform as string] ?? [
    'xdg-open',
  ];
  const child = spawn(command ?? 'xdg-open', [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => process.stderr.write(`No browser could be started; open ${url} yourself.\n`));
  child.unref();
}

async function serve(port: number, open: boolean): Promise<void> {
  const site = await benchSite(port);
  if (open) openInBrowser(site.url);
  process.stderr.write(`The page: ${site.url} (Ctrl-C ends it). On another machine WebGPU needs https.\n`);
  const { signal, dispose } = onInterrupt();
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  dispose();
  await site.close();
}

async function drive(flags: Flags): Promise<void> {
  const cases = casesAsked(flags, flags.backend);
  const executable = findChromium();
  if (executable === undefined)
    throw new Error(
      'There is no Chromium. Install it (Debian: apt-get install chromium), name one in DR2NET_CHROMIUM, or open the page in your own browser: pnpm bench:web --serve.',
    );
  const { signal, dispose } = onInterrupt();
  process.stderr.write('Bundling the page …\n');
  const site = await benchSite();
  const browser = await startChromium(executable).catch(async (error: unknown) => {
    dispose();
    await site.close();
    throw error;
  });
  const close = () => void browser.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const page = await openPage(browser, site.url);
    const adapter = await page.adapter();
    const name = `web-${flags.backend.includes('webgpu') ? `webgpu-${slug(adapter.replace(/^WebGPU on /, ''))}` : 'wasm'}`;
    const folder =
      flags.out === undefined
        ? flags.quick
          ? join(repositoryRoot, 'runs', 'bench-web-quick')
          : resultFolder(name)
        : userPath(flags.out);
    const outcome = await runCases(cases, {
      folder,
      again: flags.quick ?? flags.again ?? false,
      rounds: flags.rounds,
      signal,
      stream: process.stderr,
      versions: { chromium: browser.version() },
      measure: (one, onProgress) => page.measure(one, onProgress),
    });
    process.exitCode = finish(outcome, {
      ...{ folder, json: flags.json ?? false },
      notes: [`Measured in a page: Chromium ${browser.version()}, headless; ${adapter}`],
    });
  } finally {
    dispose();
    signal.removeEventListener('abort', close);
    await browser.close();
    await site.close();
  }
}

const program = new Command('bench:web')
  .description('the benchmark in a page: driven in headless Chromium, or served for your own browser')
  .option(
    '--backend <list>',
    'webgpu, wasm; the first is the one that the other is compared with',
    names((given) => known('backend of a page', given, pageBackends)),
    [...pageBackends],
  )
  .option('--serve', 'serve the page for your own browser and open nothing')
  .option('--open', 'serve the page and open it in your own browser')
  .option('--port <n>', 'where to serve it', count(1), 4173);
addCaseOptions(program, ['small']).action((flags: Flags) =>
  flags.serve || flags.open ? serve(flags.port, flags.open ?? false) : drive(flags),
);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = error instanceof InterruptedError ? error.exitCode : 1;
}
