/**
 * Compiles the SIMD kernels (simd/*.ts, AssemblyScript) and writes them into src/simd/binary.ts: `pnpm --filter @dr2net/ops simd`.
 *
 * The result is committed, so that a clone runs from its sources without a build and a bundler needs no loader; test/simd.test.ts
 * compiles again and fails where it is not what the sources give.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const folder = fileURLToPath(new URL('../simd/', import.meta.url));
const target = fileURLToPath(new URL('../src/simd/binary.ts', import.meta.url));

const options = [
  '-O3',
  // No allocator, no collector, no segment of data: all memory is tfjs-wasm's, and nothing may be written into it unasked.
  ...['--runtime', 'stub', '--importMemory', '--noExportMemory', '--use', 'abort='],
  ...['--enable', 'simd'],
  // "v128 cannot cross to JavaScript": none does.
  ...['--disableWarning', '112'],
];

/** The module's bytes. */
export async function compile(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...options], {
    readFile: (name, base) => {
      try {
        return readFileSync(`${base === '.' ? folder : `${base}/`}${name}`, 'utf8');
      } catch {
        return null; // The compiler tries several places for an import.
      }
    },
    writeFile: (name, content) => {
      if (name.endsWith('.wasm') && typeof content !== 'string') binary = content;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`${error?.message}\n${stderr.toString()}`);
  return binary;
}

/** The text of src/simd/binary.ts. */
export function moduleText(bytes: Uint8Array): string {
  return [
    '/** The SIMD kernels, compiled from simd/*.ts by scripts/simd.ts: do not edit. Base64 of a WebAssembly module. */',
    `export const binary =\n  '${Buffer.from(bytes).toString('base64')}';`,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = await compile();
  writeFileSync(target, moduleText(bytes));
  console.log(`${target}: ${bytes.length} bytes of WebAssembly`);
}
