/** `dr2net init`: the four projects that it writes, what it refuses, and that it leaves nothing half-written. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { root } from '@dr2net/testing/documents';
import { transformSync } from 'esbuild';
import { parseHTML } from 'linkedom';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { ask } from '../src/init/ask.ts';
import { languages, targets } from '../src/init/choices.ts';
import { versions } from '../src/init/manifest.ts';
import { writeProject } from '../src/init/write.ts';
import { temporaryFolder } from './fixtures.ts';
import { run } from './run.ts';

// As npx does not start it.
beforeEach(() => void vi.stubEnv('npm_command', ''));

const folder = temporaryFolder('init');
const at = (...parts: string[]) => join(folder.path, ...parts);
afterAll(() => folder.remove());

const own = join(root, 'packages', 'dr2net');
const read = (...parts: string[]) => readFileSync(join(...parts), 'utf8');
const filesIn = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();

const combinations = targets.flatMap((target) => languages.map((language) => ({ target, language })));

describe.each(combinations)('$language for $target', ({ target, language }) => {
  const project = at(`${target}-${language}`);

  it('is written, and says how to go on', async () => {
    const { code, stderr, json } = await run('init', project, '--language', language, '--for', target, '--json');
    expect(code, stderr).toBe(0);
    expect(stderr).toBe('');
    expect(json).toMatchObject({ name: `${target}-${language}`, language, for: target });
    expect(filesIn(project)).toEqual([...(json.files as string[])].sort());
    expect(json.commands).toEqual([
      expect.stringMatching(/^cd .* && npm install$/),
      target === 'node' ? 'npm start' : 'npm run dev',
    ]);
  });

  it('has the published packages of this version, and scripts of what is there', () => {
    const manifest = JSON.parse(read(project, 'package.json'));
    expect(manifest).toMatchObject({ name: `${target}-${language}`, private: true, type: 'module' });
    expect(manifest.dependencies.dr2net).toBe(`^${packageJson.version}`);
    const tools = Object.keys(manifest.devDependencies ?? {});
    expect(tools.includes('typescript')).toBe(language === 'ts');
    expect(tools.includes('vite')).toBe(target === 'vite');
    expect(Object.keys(manifest.scripts)).toContain(target === 'node' ? 'start' : 'dev');
    expect(existsSync(join(project, 'tsconfig.json'))).toBe(language === 'ts');
  });

  it('has the model as it was published', () => {
    const model = join(project, target === 'node' ? 'model' : join('public', 'model'));
    const weights = readFileSync(join(model, 'model.safetensors'));
    expect(weights.equals(readFileSync(join(own, 'example', 'model.safetensors')))).toBe(true);
    expect(JSON.parse(read(model, 'config.json'))).toMatchObject({ model_type: 'videomae' });
  });

  it('has sources that can be read at a sitting, in its language', () => {
    const main = target === 'node' ? 'main' : 'train';
    expect(read(project, 'src', `${main}.${language}`).split('\n').length).toBeLessThan(60);
    for (const file of filesIn(project).filter((name) => name.endsWith(`.${language}`))) {
      if (language === 'js') execFileSync(process.execPath, ['--check', join(project, file)]);
      else transformSync(read(project, file), { loader: 'ts' });
    }
    expect(filesIn(project).filter((name) => name.endsWith(language === 'js' ? '.ts' : '.js'))).toEqual([]);
    const texts = filesIn(project).filter((name) => /\.(html|js|ts|md)$/.test(name) && name !== 'README.md');
    for (const name of texts)
      for (const [, path = ''] of read(project, name).matchAll(/["'](?:\.|\/src)\/(\w+\.[jt]s)["']/g))
        expect(existsSync(join(project, 'src', path)), `${name} names ${path}`).toBe(true);
  });

  it('has a README that names its files', () => {
    const text = read(project, 'README.md');
    expect(text.startsWith(`# ${target}-${language}\n`)).toBe(true);
    for (const [, path = ''] of text.matchAll(/`((?:src|public|model)\/[\w./]*)`/g))
      expect(existsSync(join(project, path)), path).toBe(true);
  });
});

describe('how many steps', () => {
  const wrong = ['ten', '0', '-1', '1.5', '', 'NaN'];

  /** A stand-in for the library: the program goes no further than its own check, or to what it calls first. */
  function standIn(project: string): void {
    const names = [...read(project, 'src', 'main.js').matchAll(/import \{([^}]+)\} from 'dr2net/g)]
      .flatMap(([, list = '']) => list.split(','))
      .map((name) => name.trim())
      .filter(Boolean);
    const code = names.map((name) => `export const ${name} = () => { console.log('started'); process.exit(0); };`);
    mkdirSync(join(project, 'node_modules', 'dr2net'), { recursive: true });
    writeFileSync(join(project, 'node_modules', 'dr2net', 'index.js'), code.join('\n'));
    const exports = { '.': './index.js', './example': './index.js' };
    writeFileSync(
      join(project, 'node_modules', 'dr2net', 'package.json'),
      JSON.stringify({ name: 'dr2net', type: 'module', exports }),
    );
  }

  it('the program refuses what is no count in one line, before it does anything', async () => {
    const project = at('counted');
    expect((await run('init', project, '--language', 'js', '--for', 'node')).code).toBe(0);
    standIn(project);
    const start = (...args: string[]) =>
      spawnSync(process.execPath, ['src/main.js', ...args], { cwd: project, encoding: 'utf8' });
    for (const text of wrong) {
      const { status, stdout, stderr } = start(text);
      expect([status, stdout, stderr], text).toEqual([2, '', expect.stringMatching(/^error: .*\n$/)]);
      expect(stderr).toContain(`"${text}" steps`);
      expect(stderr).toContain('npm start -- 10');
    }
    for (const right of [[], ['10']]) expect(start(...right)).toMatchObject({ status: 0, stdout: 'started\n' });
    expect(read(own, 'templates', 'node', 'main.ts')).toBe(read(project, 'src', 'main.js'));
  });

  it.each(['js', 'ts'] as const)('the page says so, and does not begin: %s', (language) => {
    const code = transformSync(read(own, 'templates', 'vite', `page.${language}`), {
      loader: language,
      define: { 'import.meta.url': '"page"' },
    }).code;
    const opened = (search: string) => {
      const { document } = parseHTML(read(own, 'templates', 'vite', 'index.html'));
      new Function('document', 'location', code)(document, { search });
      const start = document.getElementById('start');
      return { said: document.getElementById('status')?.textContent, off: start?.hasAttribute('disabled') };
    };
    for (const text of wrong) {
      const { said, off } = opened(`?steps=${text}`);
      expect(off, text).toBe(true);
      expect(said).toBe(`"${text}" steps cannot be made. Give a whole number from 1 on in the address: ?steps=10`);
    }
    for (const right of ['', '?steps=10']) expect(opened(right)).toEqual({ said: 'Not started.', off: false });
  });
});

it.each(['page', 'train'])('%s.js is %s.ts without its types', (name) => {
  const code = (language: 'js' | 'ts') =>
    transformSync(read(own, 'templates', 'vite', `${name}.${language}`).replaceAll(".ts'", ".js'"), {
      loader: language,
      minifyWhitespace: true,
    }).code;
  const comments = (language: 'js' | 'ts') =>
    read(own, 'templates', 'vite', `${name}.${language}`).match(/(?<=^|\s)\/\/ .*/gm);
  expect(code('js')).toBe(code('ts'));
  expect(comments('js')).toEqual(comments('ts'));
});

it('asks for versions that are tested here', () => {
  const catalog = read(root, 'pnpm-workspace.yaml');
  const { vite, ...others } = versions;
  expect(vite).toBe(`^${packageJson.devDependencies.vite}`);
  for (const [name, version] of Object.entries(others))
    expect(catalog).toMatch(new RegExp(`^ {2}"?${name}"?: ${version.slice(1).replaceAll('.', '\\.')}$`, 'm'));
});

it('without a terminal takes what is not given, and says so', async () => {
  const { code, stderr, stdout } = await run('init', at('taken'));
  expect(code, stderr).toBe(0);
  expect(stderr).toBe('Not given, so taken: language js, for node.\n');
  expect(stdout).toContain('taken: JavaScript for Node, 7 files in');
  expect(stdout).toMatch(/To go on:\n {2}cd \S+ && npm install\n {2}npm start\n$/);
});

it('writes into an empty folder that is there', async () => {
  mkdirSync(at('empty'));
  expect((await run('init', at('empty'), '--json')).code).toBe(0);
  expect(existsSync(at('empty', 'src', 'main.js'))).toBe(true);
});

describe('refuses', () => {
  mkdirSync(at('full'));
  writeFileSync(at('full', 'notes.txt'), 'something of mine');
  it.each([
    [
      'a folder that is not empty',
      [at('full')],
      /full is not empty \(notes\.txt\)\. Give a new or empty folder: dr2net init \S*\/full-2 --json$/,
    ],
    ['no name', [''], /folder's name is empty\. Give one: dr2net init my-project --json$/],
    [
      'a file',
      [at('full', 'notes.txt')],
      /notes\.txt is a file\. Give a new or empty folder: dr2net init \S*notes\.txt-2 --json$/,
    ],
    ['an unknown language', [at('new'), '--language', 'tss'], /Did you mean "ts"\? Known: js, ts/],
    ['an unknown target', [at('new'), '--for', 'deno'], /Known: node, vite/],
    [
      'a name that npm refuses',
      [at('My Project')],
      /"My Project" is no name that npm takes.*Give another: dr2net init \S*\/my-project --json$/,
    ],
    ['a name that begins with a point', [at('.hidden')], /"\.hidden" is no name.*dr2net init \S*\/hidden --json$/],
    [
      'the name of a dependency',
      [at('dr2net')],
      /"dr2net" is the name of a package.*dr2net init \S*\/my-dr2net --json$/,
    ],
    [
      'the name of a module of Node',
      [at('http')],
      /"http" is the name of a package or module.*dr2net init \S*\/my-http --json$/,
    ],
    ['a folder that cannot be made', [at('full', 'notes.txt', 'new')], /cannot be written.*that you may write to/],
  ])('%s', async (_, args, message) => {
    const before = filesIn(folder.path);
    const { code, stderr, json } = await run('init', ...args, '--json');
    expect(json.error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
    expect(code, stderr).toBe(2);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(filesIn(folder.path)).toEqual(before);
  });
});

it.each([
  [['init', '--language', 'ts', 'FULL', '--for', 'vite'], 'dr2net init --language ts FULL-2 --for vite'],
  [['init', 'FULL', '--for=vite', '--debug'], 'dr2net init FULL-2 --for=vite --debug'],
  [['init', "PARENT/it's", '--language', 'ts'], 'dr2net init PARENT/it-s --language ts'],
])('the remedy is the command that was given, with another folder: %j', async (args, remedy) => {
  const placed = (text: string) => text.replace('FULL', at('full')).replace('PARENT', folder.path);
  const { code, stderr } = await run(...args.map(placed));
  expect(code).toBe(2);
  expect(stderr.split('\n')[0]?.endsWith(`: ${placed(remedy)}`), stderr).toBe(true);
  vi.stubEnv('npm_command', 'exec');
  expect((await run(...args.map(placed))).stderr).toContain(`: npx ${placed(remedy)}`);
});

it('a folder that has the name of a language is the one that is replaced', async () => {
  const before = process.cwd();
  process.chdir(at('full'));
  try {
    mkdirSync('js/mine', { recursive: true });
    const { stderr } = await run('init', '--language', 'js', 'js');
    expect(stderr).toContain('init --language js js-2\n');
  } finally {
    process.chdir(before);
    rmSync(at('full', 'js'), { recursive: true });
  }
});

describe('leaves nothing half-written', () => {
  const files = ['a.txt', 'b/c.txt', 'd.txt'].map((path) => ({ path, content: path }));
  const again = (other: string) => `dr2net init ${other}`;

  it.each([
    ['in a new folder', at('half', 'new'), false],
    ['in a folder that was there', at('half-there'), true],
  ])('after Ctrl-C, %s', async (_, path, there) => {
    if (there) mkdirSync(path);
    const writing = writeProject(path, files, again);
    process.emit('SIGINT');
    await expect(writing).rejects.toMatchObject({ name: 'InterruptedError' });
    expect(existsSync(path)).toBe(there);
    if (there) expect(readdirSync(path)).toEqual([]);
    else expect(existsSync(at('half'))).toBe(false);
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  it('after an error', async () => {
    mkdirSync(at('broken'));
    // A file where a folder is needed.
    const broken = [...files, { path: 'a.txt/e.txt', content: '' }];
    await expect(writeProject(at('broken'), broken, again)).rejects.toThrow(/broken cannot be written/);
    expect(readdirSync(at('broken'))).toEqual([]);
  });
});

describe('on a terminal', () => {
  const questions = [
    { text: 'Folder', fallback: 'dr2net-start' },
    { text: 'Language', fallback: 'js', names: ['js', 'ts'] },
  ];
  async function answered(text: string, end = false) {
    const [input, output] = [new PassThrough(), new PassThrough()];
    let shown = '';
    output.on('data', (chunk) => {
      shown += chunk;
    });
    if (end) input.end(text);
    else input.write(text);
    return { answers: await ask(questions, input, output), shown };
  }

  it('asks, and an empty answer takes the default', async () => {
    expect((await answered('\nts\n')).answers).toEqual(['dr2net-start', 'ts']);
    const { shown } = await answered('mine\n\n');
    expect(shown).toContain('Folder [dr2net-start]: ');
    expect(shown).toContain('Language (js, ts) [js]: ');
  });

  it('asks again after an unknown name', async () => {
    const { answers, shown } = await answered('mine\ntss\nts\n');
    expect(answers).toEqual(['mine', 'ts']);
    expect(shown).toContain('"tss" is none of them. Did you mean "ts"?');
  });

  it('ends where the input ends, with nothing written', async () => {
    await expect(answered('mine\n', true)).rejects.toMatchObject({ name: 'InterruptedError' });
  });
});
