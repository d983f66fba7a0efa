/** The `package.json` of a project that is made, and the configuration of its TypeScript. */
import packageJson from '../../package.json' with { type: 'json' };
import type { Choices } from './choices.ts';

/** What a project needs besides `dr2net`, in the versions that it is tested with, or later ones that are compatible. */
export const versions = {
  '@tensorflow/tfjs-backend-wasm': '^4.22.0',
  '@tensorflow/tfjs-backend-webgpu': '^4.22.0',
  '@tensorflow/tfjs-core': '^4.22.0',
  '@types/node': '^20.19.43',
  typescript: '^6.0.3',
  vite: '^8.3.8',
} as const;

type Beside = keyof typeof versions;

const dependencies: Readonly<Record<Choices['target'], readonly Beside[]>> = {
  node: ['@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-core'],
  vite: ['@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-backend-webgpu', '@tensorflow/tfjs-core'],
};

function scriptsOf({ language, target }: Choices): Record<string, string> {
  const ts = language === 'ts';
  if (target === 'vite')
    return { dev: 'vite', build: ts ? 'tsc && vite build' : 'vite build', preview: 'vite preview' };
  return ts ? { build: 'tsc', start: 'tsc && node dist/main.js' } : { start: 'node src/main.js' };
}

const toolsOf = ({ language, target }: Choices): readonly Beside[] => [
  ...(language === 'ts' && target === 'node' ? (['@types/node'] as const) : []),
  ...(language === 'ts' ? (['typescript'] as const) : []),
  ...(target === 'vite' ? (['vite'] as const) : []),
];

const pick = (names: readonly Beside[]) => Object.fromEntries(names.map((name) => [name, versions[name]]));

export function manifest(name: string, choices: Choices): object {
  const tools = toolsOf(choices);
  return {
    name,
    private: true,
    version: '0.0.0',
    type: 'module',
    engines: { node: packageJson.engines.node },
    scripts: scriptsOf(choices),
    dependencies: { ...pick(dependencies[choices.target]), dr2net: `^${packageJson.version}` },
    ...(tools.length > 0 && { devDependencies: pick(tools) }),
  };
}

/** `tsconfig.json`: strict; in Node it is what compiles, beside Vite it only checks. */
export function compilerOptions({ target }: Choices): object {
  const alike = { target: 'ES2022', strict: true, noUncheckedIndexedAccess: true, skipLibCheck: true };
  const node = { module: 'NodeNext', types: ['node'], rootDir: 'src', outDir: 'dist' };
  const vite = {
    ...{ module: 'ESNext', moduleResolution: 'Bundler', lib: ['ES2023', 'DOM', 'DOM.Iterable'] },
    ...{ types: ['vite/client'], noEmit: true, allowImportingTsExtensions: true, verbatimModuleSyntax: true },
  };
  return { compilerOptions: { ...alike, ...(target === 'node' ? node : vite) }, include: ['src'] };
}
