/** The extra bytes of LAS records: fields that a file describes itself (ASPRS LAS 1.4, "Extra Bytes" record). */
import { type ScalarName, scalarTypes, viewOf } from './scalars.ts';

export interface ExtraField {
  readonly name: string;
  readonly type: ScalarName;
  /** Bytes from the record's start. */
  readonly at: number;
  readonly scale: number;
  readonly shift: number;
}

const types: readonly (ScalarName | undefined)[] = [
  undefined,
  'u1',
  'i1',
  'u2',
  'i2',
  'u4',
  'i4',
  'u8',
  'i8',
  'f4',
  'f8',
];
const descriptionBytes = 192;

const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes).replace(/\0.*$/s, '').trim();

/** @param base bytes of a record before its extra bytes */
export function extraFields(bytes: Uint8Array, base: number): ExtraField[] {
  const view = viewOf(bytes);
  const fields: ExtraField[] = [];
  let from = view.getUint16(94, true);
  const records = view.getUint32(100, true);
  for (let i = 0; i < records && from + 54 <= bytes.length; i++) {
    const [user, record, length] = [
      text(bytes.subarray(from + 2, from + 18)),
      view.getUint16(from + 18, true),
      view.getUint16(from + 20, true),
    ];
    const body = from + 54;
    from = body + length;
    if (user !== 'LASF_Spec' || record !== 4 || from > bytes.length) continue;
    let at = base;
    for (let entry = body; entry + descriptionBytes <= from; entry += descriptionBytes) {
      const [kind, options] = [view.getUint8(entry + 2), view.getUint8(entry + 3)];
      const type = types[kind];
      // Kind 0 are bytes without a meaning; their number stands in `options`. Arrays (11 …) are deprecated: stop there.
      if (!type && kind !== 0) break;
      if (type)
        fields.push({
          name: text(bytes.subarray(entry + 4, entry + 36)),
          type,
          at,
          scale: options & 8 ? view.getFloat64(entry + 112, true) : 1,
          shift: options & 16 ? view.getFloat64(entry + 136, true) : 0,
        });
      at += type ? scalarTypes[type].bytes : options;
    }
  }
  return fields;
}
