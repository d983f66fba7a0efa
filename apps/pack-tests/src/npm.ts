/** npm as a stranger runs it. */
import { run } from './stranger.ts';

/** No line to the registry: nothing that these tests could judge. */
export class NoRegistryError extends Error {
  override readonly name = 'NoRegistryError';
}

const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED/;

/**
 * Asks the registry for one package. An installation would try for minutes, and then complain of peers that it did not find.
 * @throws NoRegistryError where npm cannot reach it
 */
export async function askRegistry(): Promise<void> {
  const args = ['view', '@tensorflow/tfjs-core', 'version', '--fetch-retries=0'];
  const { failed, all } = await run('npm', args, { all: true, reject: false });
  if (failed) throw offline.test(all) ? new NoRegistryError(all) : new Error(`npm view failed:\n${all}`);
}

/**
 * Installs in a folder with a package.json.
 * @param specs as of `npm install`: names with versions, tarballs
 */
export async function npmInstall(folder: string, specs: readonly string[] = []): Promise<void> {
  const flags = ['--no-audit', '--no-fund', '--prefer-offline'];
  // The package.json stays as its author wrote it.
  const args = ['install', ...flags, ...(specs.length > 0 ? ['--no-save', ...specs] : [])];
  const { failed, all } = await run('npm', args, { cwd: folder, all: true, reject: false });
  if (failed) throw new Error(`npm install failed in ${folder}:\n${all}`);
}
