/** Points of a LAZ file, unpacked by laz-perf (Apache-2.0), whose WebAssembly comes with its package. */
import { BadCloudError } from '../errors.ts';
import type { LasHeader } from './las.ts';
import { viewOf } from './scalars.ts';

/** What is used of laz-perf. */
interface LazPerf {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  LASZip: new () => {
    open(data: number, length: number): void;
    getPoint(to: number): void;
    getCount(): number;
    getPointLength(): number;
    delete(): void;
  };
}

interface LazModule {
  readonly createLazPerf: (options: { locateFile?: () => string }) => Promise<LazPerf>;
}

let location: string | undefined;

/**
 * Where the browser finds `laz-perf.wasm` (its package has it in `lib/web`); without it, beside the bundle. Node needs no
 * such word.
 */
export function useLazWasm(url: string | URL): void {
  location = String(url);
}

async function start(id: string): Promise<LazPerf> {
  try {
    // A CommonJS module: Node finds its names, some bundlers only its default.
    const loaded = (await import('laz-perf')) as unknown as Partial<LazModule> & { readonly default: LazModule };
    const createLazPerf = loaded.createLazPerf ?? loaded.default.createLazPerf;
    const url = location;
    return await createLazPerf(url === undefined ? {} : { locateFile: () => url });
  } catch (error) {
    throw new BadCloudError(
      id,
      'unreadable',
      `laz-perf could not be started (${error instanceof Error ? error.message : error}). In a browser, say where laz-perf.wasm is: useLazWasm(url).`,
      { cause: error },
    );
  }
}

const truncated = (id: string, detail: string) =>
  new BadCloudError(id, 'truncated', `${detail} It is truncated or broken: copy it again.`);

/** The chunk table stands at the end of the points, at a place that the first eight bytes of the points tell. */
function checkEnd(id: string, bytes: Uint8Array, { offset }: LasHeader): void {
  const table = offset + 8 <= bytes.length ? Number(viewOf(bytes).getBigInt64(offset, true)) : Infinity;
  // −1: the writer could not go back, so the place stands in the last eight bytes.
  if (table !== -1 && table + 8 > bytes.length)
    throw truncated(id, `its table of chunks should stand at byte ${table}, but the file has ${bytes.length} bytes.`);
}

/**
 * The records as a LAS file has them, [points · recordLength] bytes. A fresh instance a file: one that threw is of no
 * further use, and its heap never shrinks.
 * @throws BadCloudError
 */
export async function unpackLaz(id: string, bytes: Uint8Array, header: LasHeader): Promise<Uint8Array> {
  checkEnd(id, bytes, header);
  const { points, recordLength } = header;
  const perf = await start(id);
  let point = 0;
  try {
    // Within: a header that announces more than memory holds is broken too.
    const records = new Uint8Array(points * recordLength);
    const input = perf._malloc(bytes.length);
    perf.HEAPU8.set(bytes, input);
    const zip = new perf.LASZip();
    zip.open(input, bytes.length);
    const output = perf._malloc(recordLength);
    if (zip.getCount() !== points || zip.getPointLength() !== recordLength)
      throw new Error(`laz-perf finds ${zip.getCount()} points of ${zip.getPointLength()} bytes`);
    for (; point < points; point++) {
      zip.getPoint(output);
      records.set(perf.HEAPU8.subarray(output, output + recordLength), point * recordLength);
    }
    zip.delete();
    return records;
  } catch (error) {
    // C++ exceptions arrive as texts that only say where they stood.
    const reason = error instanceof Error ? ` (${error.message})` : '';
    throw new BadCloudError(
      id,
      'truncated',
      `point ${point} of ${points} cannot be unpacked${reason}. The file is truncated or broken: copy it again.`,
      { cause: error },
    );
  }
}
