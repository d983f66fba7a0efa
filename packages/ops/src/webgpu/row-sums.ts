/** Σ over rows in WGSL, for every column: blocks of rows in one dispatch, then the blocks, each in their order. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { dispatch, type Shader } from './dispatch.ts';
import { lanes } from './sum.ts';

export interface RowSums {
  /** The operation's. */
  readonly name: string;
  /** Arrays of f32. */
  readonly inputs: readonly string[];
  /** What is summed, of element `at` in row `row` and column `c`: a sum's name → WGSL. */
  readonly terms: Readonly<Record<string, string>>;
  /** What else is made of each element in the same pass, in a tensor of its own: its name → WGSL. */
  readonly maps?: Readonly<Record<string, string>>;
}

/** Rows that one workgroup sums over, at least; and workgroups along the rows, at most. */
const [leastRows, mostBlocks] = [32, 64];

const arrays = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'f32']));

const column = `
  let c = group.x * ${lanes}u + lane;
  if (c >= p.width) { return; }`;

/** [blocks, terms, width], and the maps. */
function blockShader({ name, inputs, terms, maps = {} }: RowSums): Shader {
  const names = Object.keys(terms);
  return {
    name: `dr2net ${[name, ...Object.keys(maps), 'block sums'].join(' ')}`,
    inputs: arrays(inputs),
    outputs: arrays([...Object.keys(maps), 'blockSums']),
    params: { rows: 'u32', width: 'u32', each: 'u32' },
    workgroup: [lanes, 1, 1],
    body: `${column}
  ${names.map((term) => `var ${term}Sum = 0.0;`).join(' ')}
  let end = min(p.rows, (group.y + 1u) * p.each);
  for (var row = group.y * p.each; row < end; row++) {
    let at = row * p.width + c;
    ${names.map((term) => `${term}Sum += ${terms[term]};`).join('\n    ')}
    ${Object.entries(maps)
      .map(([map, value]) => `${map}[at] = ${value};`)
      .join('\n    ')}
  }
  ${names.map((term, i) => `blockSums[(${names.length}u * group.y + ${i}u) * p.width + c] = ${term}Sum;`).join('\n  ')}`,
  };
}

function sumShader({ name, terms }: RowSums): Shader {
  const names = Object.keys(terms);
  return {
    name: `dr2net ${name} sums`,
    inputs: arrays(['blockSums']),
    outputs: arrays(names),
    params: { blocks: 'u32', width: 'u32' },
    workgroup: [lanes, 1, 1],
    body: `${column}
  ${names.map((term) => `var ${term}Sum = 0.0;`).join(' ')}
  for (var i = 0u; i < p.blocks; i++) {
    ${names.map((term, i) => `${term}Sum += blockSums[(${names.length}u * i + ${i}u) * p.width + c];`).join('\n    ')}
  }
  ${names.map((term) => `${term}[c] = ${term}Sum;`).join(' ')}`,
  };
}

/**
 * @returns a function of the inputs (borrowed), their rows and columns and the maps' shape, which gives the maps and then the sums [width],
 * owned by the caller
 */
export function rowSums(what: RowSums) {
  const [blockwise, whole] = [blockShader(what), sumShader(what)];
  const terms = Object.keys(what.terms).length;
  const maps = Object.keys(what.maps ?? {}).length;
  return (inputs: readonly Tensor[], rows: number, width: number, shape: readonly number[]): Tensor[] => {
    const blocks = Math.min(mostBlocks, Math.ceil(rows / leastRows));
    const each = Math.ceil(rows / blocks);
    const columns = Math.ceil(width / lanes);
    const outputs = [...Array.from({ length: maps }, () => ({ shape })), { shape: [blocks, terms, width] }];
    const made = dispatch(blockwise, inputs, outputs, { rows, width, each }, [columns, blocks, 1]);
    const blockSums = made.pop()!;
    const sums = Array.from({ length: terms }, () => ({ shape: [width] }));
    made.push(...dispatch(whole, [blockSums], sums, { blocks, width }, [columns, 1, 1]));
    blockSums.dispose();
    return made;
  };
}
