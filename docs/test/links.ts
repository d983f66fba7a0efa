/** Finds links that lead nowhere: in Markdown files of the repository, and in the built site. Others' sites are not asked. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fencesOf } from '@dr2net/testing/documents';
import { slug } from '../.vitepress/markdown/slug.ts';

/** The text without blocks of code; lines stay where they are. */
function prose(markdown: string): string {
  const lines = markdown.split('\n');
  for (const { line, code } of fencesOf(markdown)) lines.fill('', line - 1, line - 2 + code.split('\n').length);
  return lines.join('\n').replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ' '));
}

/** The anchors of a Markdown file, as GitHub makes them. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Map<string, number>();
  for (const [, heading = ''] of prose(markdown).matchAll(/^#{1,6} +(.+)$/gm)) {
    const [, given] = /\{#([^}]+)\}\s*$/.exec(heading) ?? [];
    if (given !== undefined) {
      anchors.set(given, 0);
      continue;
    }
    const anchor = slug(heading.replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1'));
    const before = anchors.get(anchor);
    anchors.set(anchor, (before ?? -1) + 1);
    if (before !== undefined) anchors.set(`${anchor}-${before + 1}`, 0);
  }
  return new Set(anchors.keys());
}

const external = /^[a-z][\w+.-]*:|^\/\//i;

/** What is wrong with an address elsewhere, by its form alone. */
function malformed(link: string): boolean {
  if (!URL.canParse(link)) return true;
  const { protocol, hostname } = new URL(link);
  return protocol !== 'https:' || !hostname.includes('.') || /^[\d.]+$/.test(hostname);
}

/**
 * Links of a Markdown file that lead nowhere.
 * @param file relative to `root`, in which the files lie that it leads to
 */
export function brokenInMarkdown(
  root: string,
  file: string,
  markdown = readFileSync(join(root, file), 'utf8'),
): string[] {
  const links = [...prose(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (external.test(link)) return malformed(link);
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? file : posix.join(posix.dirname(file), decodeURI(path));
    if (!existsSync(join(root, target))) return true;
    if (anchor === undefined) return false;
    const text = target === file ? markdown : readFileSync(join(root, target), 'utf8');
    return !target.endsWith('.md') || !anchorsOf(text).has(decodeURI(anchor));
  });
}

/** The pages of a built site, by their path in it: `guide/start.html`. */
export function pagesIn(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.html'));
  return new Map(files.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

const attribute = (name: string) => new RegExp(`\\s${name}="([^"]*)"`, 'g');
const values = (html: string, name: string) => [...html.matchAll(attribute(name))].map(([, value = '']) => value);
const decode = (value: string) => value.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

/** Links, pictures and scripts of a page that lead nowhere in the site, and malformed ones elsewhere. */
export function brokenInPage(folder: string, pages: ReadonlyMap<string, string>, page: string): string[] {
  const html = pages.get(page) ?? '';
  const links = [...values(html, 'href'), ...values(html, 'src')].map(decode);
  return [...new Set(links)].filter((link) => {
    if (link.startsWith('data:')) return false;
    if (external.test(link)) return malformed(link);
    const { pathname, hash } = new URL(link, `https://site.test/${page}`);
    const path = decodeURI(pathname).slice(1);
    const target = path === '' || path.endsWith('/') ? `${path}index.html` : path;
    if (!pages.has(target) && !existsSync(join(folder, target))) return true;
    return hash.length > 1 && !values(pages.get(target) ?? '', 'id').includes(decodeURIComponent(hash.slice(1)));
  });
}
