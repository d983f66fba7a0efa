/** Runs the examples of READMEs and pages, so that what a reader copies works and prints what is written below it. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { root } from '../root.ts';
import { examplesOf } from './fences.ts';

/**
 * Against the sources; in a project without them (apps/pack-tests makes one) against what is installed. tsx is the
 * folder's, whatever folder the script works in.
 */
function nodeArguments(script: string): string[] {
  if (!existsSync(join(root, 'pnpm-workspace.yaml'))) return [script];
  const loader = pathToFileURL(createRequire(script).resolve('tsx'));
  return ['--conditions=@dr2net/source', '--import', loader.href, script];
}

/**
 * A `js` block of the README is run in the package's folder against the sources; the `text` block after it is what it
 * says that it prints.
 * @param name the package's folder under `packages`
 * @param example which of the blocks that are followed by a `text` block, from 0
 */
export function runReadme(name: string, example = 0): { readonly printed: string; readonly expected: string } {
  const folder = join(root, 'packages', name);
  const found = examplesOf(readFileSync(join(folder, 'README.md'), 'utf8'))[example];
  if (!found)
    throw new Error(`${name}/README.md has no \`\`\`js block number ${example} with a \`\`\`text block after it.`);
  const script = join(folder, `.readme-${process.pid}.mjs`);
  try {
    writeFileSync(script, found.code);
    const printed = execFileSync(process.execPath, nodeArguments(script), {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return { printed, expected: found.expected };
  } finally {
    rmSync(script, { force: true });
  }
}

let scripts = 0;

/**
 * Runs code against the sources, in a process of its own.
 * @param folder what it imports is looked for from here; also its working folder, where no other is given
 * @returns what it prints on standard output
 * @throws Error with what it prints on standard error
 */
export async function runCode(code: string, folder: string, workingFolder = folder): Promise<string> {
  const script = join(folder, `.example-${process.pid}-${scripts++}.mjs`);
  try {
    writeFileSync(script, code);
    const { stdout } = await promisify(execFile)(process.execPath, nodeArguments(script), {
      cwd: workingFolder,
      encoding: 'utf8',
    });
    return stdout;
  } finally {
    rmSync(script, { force: true });
  }
}
