/** The project under TypeScript, as strict as it can be: declarations of libraries are checked too. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './stranger.ts';

export interface TypeCheck {
  readonly resolution: 'nodenext' | 'bundler';
  /** Puts an empty declaration in the place of @webgpu/types, as README.md says. */
  readonly withoutWebgpuTypes: boolean;
}

/** @returns the lines that say what is wrong, without those that only explain the line before */
export async function typeErrors(project: string, { resolution, withoutWebgpuTypes }: TypeCheck): Promise<string[]> {
  const config = {
    compilerOptions: {
      ...{ strict: true, skipLibCheck: false, noEmit: true, target: 'es2022', lib: ['es2023', 'dom'] },
      ...{ module: resolution === 'bundler' ? 'esnext' : 'nodenext', moduleResolution: resolution },
      types: ['node', 'long'],
      ...(withoutWebgpuTypes ? { typeRoots: ['empty-types', 'node_modules/@types'] } : {}),
    },
    // A page's own imports have no extension for nodenext's taste.
    files: resolution === 'bundler' ? ['src/main.ts', 'src/vite-env.d.ts'] : ['src/everything.ts'],
  };
  if (resolution === 'bundler') Object.assign(config.compilerOptions, { allowImportingTsExtensions: true });
  const empty = join(project, 'empty-types/@webgpu/types/dist');
  mkdirSync(empty, { recursive: true });
  writeFileSync(join(empty, 'index.d.ts'), 'export {};\n');
  const file = `tsconfig.${resolution}${withoutWebgpuTypes ? '.without' : ''}.json`;
  writeFileSync(join(project, file), JSON.stringify(config));
  const tsc = join(project, 'node_modules/typescript/bin/tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', file, '--pretty', 'false'], {
    cwd: project,
    reject: false,
  });
  return stdout.split('\n').filter((line) => /error TS\d/.test(line));
}
