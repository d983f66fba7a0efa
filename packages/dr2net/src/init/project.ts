/** The files of a project that is made, each as text or as a file of this package that is copied. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Choices } from './choices.ts';
import { compilerOptions, manifest } from './manifest.ts';
import { readme } from './readme.ts';

export interface ProjectFile {
  /** In the project, with `/`. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

const own = () => dirname(createRequire(import.meta.url).resolve('dr2net/package.json'));

const json = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;

/** The pretrained model, as it is published: Node reads it from the folder, a page fetches it. */
function model(folder: string): ProjectFile[] {
  return ['config.json', 'preprocessor_config.json', 'model.safetensors'].map((name) => ({
    path: `${folder}/${name}`,
    content: readFileSync(join(own(), 'example', name)),
  }));
}

const template = (path: string) => readFileSync(join(own(), 'templates', path), 'utf8');

/** Sources of a page differ by language; the ones of Node have no types to leave out. */
function sources({ language, target }: Choices): ProjectFile[] {
  if (target === 'node') return [{ path: `src/main.${language}`, content: template('node/main.ts') }];
  const scripts = [`page.${language}`, `train.${language}`, ...(language === 'ts' ? ['messages.ts'] : [])];
  return [
    { path: 'index.html', content: template('vite/index.html').replace('/src/page.ts', `/src/page.${language}`) },
    { path: `vite.config.${language}`, content: template('vite/vite.config.ts') },
    ...scripts.map((name) => ({ path: `src/${name}`, content: template(`vite/${name}`) })),
  ];
}

/** @param name of the package that is made */
export function projectFiles(name: string, choices: Choices): ProjectFile[] {
  const { language, target } = choices;
  return [
    { path: 'package.json', content: json(manifest(name, choices)) },
    { path: 'README.md', content: readme(name, choices) },
    { path: '.gitignore', content: 'node_modules\ndist\nfinetuned\n' },
    ...(language === 'ts' ? [{ path: 'tsconfig.json', content: json(compilerOptions(choices)) }] : []),
    ...sources(choices),
    ...model(target === 'node' ? 'model' : 'public/model'),
  ];
}
