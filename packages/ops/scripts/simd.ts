/**
 * Compiles the SIMD kernels (simd/*.ts, AssemblyScript) and writes them into src/simd/binaries: `pnpm --filter @dr2net/ops simd`.
 *
 * The result is committed, so that a clone runs from its sources without a build and a bundler needs no loader; test/simd.test.ts
 * compiles again and fails where it is not what the sources give.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const folder = fileURLToPath(new URL('../simd/', import.meta.url));

/** The modules, each by the name of the source that exports its kernels. */
export const modules = ['states', 'layers', 'deformable-attention'] as const;
export type ModuleName = (typeof modules)[number];

/** Where a module's binary is kept. */
export const target = (name: ModuleName) => fileURLToPath(new URL(`../src/simd/binaries/${name}.ts`, import.meta.url));

const options = [
  '-O3',
  // No allocator, no collector, no segment of data: all memory is tfjs-wasm's, and nothing may be written into it unasked.
  ...['--runtime', 'stub', '--importMemory', '--noExportMemory', '--use', 'abort='],
  ...['--enable', 'simd'],
  // "v128 cannot cross to JavaScript": none does.
  ...['--disableWarning', '112'],
];

/** The module's bytes. */
export async function compile(name: ModuleName): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([`${name}.ts`, '--outFile', 'kernels.wasm', ...options], {
    readFile: (file, base) => {
      try {
        return readFileSync(`${base === '.' ? folder : `${base}/`}${file}`, 'utf8');
      } catch {
        return null; // The compiler tries several places for an import.
      }
    },
    writeFile: (file, content) => {
      if (file.endsWith('.wasm') && typeof content !== 'string') binary = content;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`${error?.message}\n${stderr.toString()}`);
  return binary;
}

/** The text of a file in src/simd/binaries. */
export function moduleText(name: ModuleName, bytes: Uint8Array): string {
  return [
    `/** SIMD kernels, compiled from simd/${name}.ts by scripts/simd.ts: do not edit. Base64 of a WebAssembly module. */`,
    `export const binary =\n  '${Buffer.from(bytes).toString('base64')}';`,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const name of modules) {
    const bytes = await compile(name);
    writeFileSync(target(name), moduleText(name, bytes));
    console.log(`${target(name)}: ${bytes.length} bytes of WebAssembly`);
  }
