/** Bundles the page as a user's bundler would and serves it on the loopback interface. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type PreviewServer, preview, type Rolldown } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface Site {
  readonly url: string;
  /** The modules in the bundle, and what the bundler had to say. */
  readonly modules: readonly string[];
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** @param conditions export conditions, for the sources (`@dr2net/source`) or none, for the built packages */
export async function makeSite(conditions: readonly string[]): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'dr2net-site-'));
  const warnings: string[] = [];
  const shared = { root, configFile: false, logLevel: 'silent' } as const;
  const output = (await build({
    ...shared,
    resolve: { conditions: [...conditions, 'module', 'browser', 'development|production'] },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rolldownOptions: { onLog: (_level, log) => void warnings.push(log.message) },
    },
  })) as Rolldown.RolldownOutput;
  const modules = output.output.flatMap((chunk) => (chunk.type === 'chunk' ? Object.keys(chunk.modules) : []));
  const server: PreviewServer = await preview({
    ...shared,
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 0, strictPort: false },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error(`no port: ${address}`);
  return {
    url: `http://127.0.0.1:${address.port}/`,
    modules,
    warnings,
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
