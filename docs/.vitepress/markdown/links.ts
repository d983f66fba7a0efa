/**
 * Links and pictures as they stand in the repository. A page's relative link is one from its file, or from the file that
 * it includes; here it becomes one to the page that shows the target, or to the target in the repository on the web.
 */
import { posix } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { repository } from './repository.ts';
import { pageOf, sources } from './sources.ts';

const relative = /^(?![a-z][\w+.-]*:|\/|#)/i;
const picture = /\.(png|svg|jpe?g|gif|webp)$/;

interface Place {
  /** The page's file, relative to `docs`. */
  readonly page: string;
  /** What it shows, relative to the repository. */
  readonly file: string;
}

/** The target in the repository: `packages/core/README.md`, of a folder its README. */
function targetOf(path: string, { file }: Place): string {
  const target = posix.join(posix.dirname(file), decodeURI(path)).replace(/\/$/, '');
  return /\.\w+$/.test(target) || !/^(packages|apps)\/[\w-]+$/.test(target) ? target : `${target}/README.md`;
}

/** A link to a page, from the page at hand, or to the repository on the web. */
export function linkFrom(place: Place, link: string): string {
  if (!relative.test(link)) return link;
  const [path = '', anchor] = link.split('#');
  const hash = anchor === undefined ? '' : `#${anchor}`;
  const target = targetOf(path, place);
  const page = pageOf(target);
  if (page === undefined) return `${repository}/${/\.\w+$/.test(target) ? 'blob' : 'tree'}/main/${target}${hash}`;
  const from = posix.relative(posix.dirname(place.page), page);
  return `${from.startsWith('.') ? from : `./${from}`}${hash}`;
}

/** A picture is bundled from where it lies. */
export function pictureFrom(place: Place, link: string): string {
  if (!relative.test(link) || !picture.test(link)) return link;
  return posix.join('..', posix.relative(posix.join('docs', posix.dirname(place.page), '..'), targetOf(link, place)));
}

export function links(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('repository-links', ({ tokens, env }) => {
    const page: string = env.relativePath;
    const place = { page, file: sources.get(page) ?? `docs/${page}` };
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const [name, map] = token.type === 'image' ? (['src', pictureFrom] as const) : (['href', linkFrom] as const);
      if (token.type === 'image' || token.type === 'link_open')
        token.attrSet(name, map(place, token.attrGet(name) ?? ''));
    }
  });
}
