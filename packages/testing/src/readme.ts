/** Runs the examples of a package's README, so that what a reader copies works and prints what is written below it. */
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './shared.ts';

/**
 * A `js` block of the README is run in the package's folder against the sources; the `text` block after it is what it
 * says that it prints.
 * @param name the package's folder under `packages`
 * @param example which of the blocks that are followed by a `text` block, from 0
 */
export function runReadme(name: string, example = 0): { readonly printed: string; readonly expected: string } {
  const folder = join(root, 'packages', name);
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const [, code, expected] = [...readme.matchAll(/```js\n((?:(?!```).)*?)```\n+```text\n(.*?)```/gs)][example] ?? [];
  if (code === undefined || expected === undefined)
    throw new Error(`${name}/README.md has no \`\`\`js block number ${example} with a \`\`\`text block after it.`);
  const script = join(folder, `.readme-${process.pid}.mjs`);
  try {
    writeFileSync(script, code);
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    const printed = execFileSync(process.execPath, ['--conditions=@dr2net/source', '--import', 'tsx', script], options);
    return { printed, expected };
  } finally {
    rmSync(script, { force: true });
  }
}
