/** The Markdown files whose blocks and links are tested: READMEs and the site's pages. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../root.ts';

/** What the site's build makes or only includes, and what is not ours. */
const passedOver = new Set(['node_modules', 'public', 'packages', 'repository', 'api']);

/** Markdown files below a folder of the repository; links to folders are not followed. */
function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isFile()) return entry.name.endsWith('.md') ? [path] : [];
    return entry.isDirectory() && !entry.name.startsWith('.') && !passedOver.has(entry.name) ? markdownIn(path) : [];
  });
}

/** Paths relative to the repository. */
export function documents(): string[] {
  const own = readdirSync(root).filter((name) => name.endsWith('.md'));
  const readmes = ['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => `${folder}/${name}/README.md`)
      .filter((path) => existsSync(join(root, path))),
  );
  return [...own, ...readmes, ...markdownIn('docs')].sort();
}
