/** Makes an example's source loadable in a page: its bare imports become addresses of the packages' bundles. */
import { init, parse } from 'es-module-lexer';

/** The file name of a package's bundle. */
export const bundleName = (specifier: string): string =>
  specifier
    .replace(/^@/, '')
    .replace(/\.js$/, '')
    .replaceAll(/[^a-zA-Z0-9]+/g, '-');

/**
 * @param importable what an example may import
 * @param base the address of the folder of the bundles, with a slash at its end
 * @throws Error for source that is no module, or imports something else
 */
export async function rewriteImports(source: string, importable: readonly string[], base: string): Promise<string> {
  await init;
  const [imports] = parse(source);
  let rewritten = '';
  let done = 0;
  for (const { type, specifier, start, end } of imports) {
    if (!specifier) continue;
    if (/^(https?:|blob:|data:)/.test(specifier)) continue;
    if (!importable.includes(specifier))
      throw new Error(`This page has no "${specifier}". An example can import ${importable.join(', ')}.`);
    const address = `${base}${bundleName(specifier)}.js`;
    rewritten += source.slice(done, start) + (type === 'dynamic' ? `'${address}'` : address);
    done = end;
  }
  return rewritten + source.slice(done);
}
