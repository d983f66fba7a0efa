/** Every block of code in pages and READMEs: run, or typechecked. Command lines are parsed by dr2net's own tests. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { documents, examplesOf, fencesOf, root, runCode } from '@dr2net/testing/documents';
import { describe, expect, it, test } from 'vitest';
import { typecheck } from './typecheck.ts';

const files = documents().map((file) => ({ file, markdown: readFileSync(join(root, file), 'utf8') }));
const fences = files.flatMap(({ file, markdown }) => fencesOf(markdown).map((fence) => ({ file, ...fence })));
const examples = files.flatMap(({ file, markdown }) => examplesOf(markdown).map((example) => ({ file, ...example })));
/** Those of apps are typechecked: they are private, and none prints anything that is told. */
const isRun = (file: string, line: number) =>
  !file.startsWith('apps/') && examples.some((one) => one.file === file && one.line === line);

/** A package's README is run by the package, against what it depends on. */
const ofPackage = (file: string) => /^packages\/(.*)\/README\.md$/.exec(file)?.[1];

const docs = join(root, 'docs');
const languages = ['js', 'ts', 'vue', 'html', 'json', 'sh', 'python', 'wgsl', 'text'];

test('every block says its language', () => {
  const unknown = fences.filter(({ language }) => !languages.includes(language));
  expect(unknown.map(({ file, line, language }) => `${file}:${line} ${language}`)).toEqual([]);
});

test('what is not run is typechecked', () => {
  const blocks = fences.filter(
    ({ file, line, language }) => language === 'ts' || (language === 'js' && !isRun(file, line)),
  );
  const problems = typecheck(blocks, {
    config: join(root, 'tsconfig.base.json'),
    ambient: join(docs, 'test', 'readers.d.ts'),
    // Apps are private: what their blocks import is known beside them alone.
    folderOf: (file) => (file.startsWith('apps/') ? join(root, dirname(file)) : docs),
  });
  expect(problems).toEqual([]);
});

describe('examples of packages are run by the tests of the package', () => {
  const names = [...new Set(examples.flatMap(({ file }) => ofPackage(file) ?? []))];
  it.each(names)('%s', (name) => {
    const count = examples.filter(({ file }) => ofPackage(file) === name).length;
    const source = readFileSync(join(root, 'packages', name, 'test/readme.test.ts'), 'utf8');
    expect(source).toContain(`runReadme('${name}'`);
    // More than one are told by their numbers: `it.each([0, 1])`.
    if (count > 1) expect(source.match(/\b\d+\b(?=[\],])/g)).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
  });
});

test('the example of the README prints what it says, beside the model that init writes', async () => {
  const [example] = examplesOf(readFileSync(join(root, 'README.md'), 'utf8'));
  const folder = mkdtempSync(join(tmpdir(), 'dr2net-readme-'));
  try {
    symlinkSync(join(root, 'packages/dr2net/example'), join(folder, 'model'));
    expect(await runCode(example?.code ?? '', docs, folder)).toBe(example?.expected);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 600_000);

describe.concurrent('examples of pages print what they say', () => {
  const own = examples.filter(({ file }) => file.startsWith('docs/'));
  it.for(own)('$file:$line', async ({ code, expected }, { expect }) => {
    expect(await runCode(code, docs)).toBe(expected);
  });
});
