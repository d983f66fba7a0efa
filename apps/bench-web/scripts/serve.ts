/** Serves the page for the user's own browser, until Ctrl-C. */
import { spawn } from 'node:child_process';
import { onInterrupt } from 'jobs';
import { benchSite } from './site.ts';

/** By the system's own way of opening an address. */
function openInBrowser(url: string): void {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[process.platform as string] ?? [
    'xdg-open',
  ];
  const child = spawn(command ?? 'xdg-open', [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => process.stderr.write(`No browser could be started; open ${url} yourself.\n`));
  child.unref();
}

export async function serve(port: number, open: boolean): Promise<void> {
  const site = await benchSite(port);
  if (open) openInBrowser(site.url);
  process.stderr.write(`The page: ${site.url} (Ctrl-C ends it). On another machine WebGPU needs https.\n`);
  const { signal, dispose } = onInterrupt();
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  dispose();
  await site.close();
}
