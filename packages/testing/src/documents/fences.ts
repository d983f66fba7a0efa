/** The fenced blocks of a Markdown file: what is run, typechecked or parsed so that a reader can copy it. */

export interface Fence {
  /** The first word behind the opening fence; empty where there is none. */
  readonly language: string;
  readonly code: string;
  /** Of the first line of the code, from 1. */
  readonly line: number;
  /** Whether nothing but blank lines stands between this block and the one before. */
  readonly follows: boolean;
}

/** A `js` block with the `text` block after it, which is what it says that it prints. */
export interface Example {
  readonly code: string;
  readonly expected: string;
  readonly line: number;
}

const opening = /^(`{3,})(\w*)/;

/** @throws Error for a block that is not closed */
export function fencesOf(markdown: string): Fence[] {
  const lines = markdown.split('\n');
  const fences: Fence[] = [];
  let blank = false;
  for (let at = 0; at < lines.length; at++) {
    const [, ticks, language = ''] = opening.exec(lines[at] ?? '') ?? [];
    if (ticks === undefined) {
      blank &&= lines[at]?.trim() === '';
      continue;
    }
    const end = lines.indexOf(ticks, at + 1);
    if (end === -1) throw new Error(`The block that line ${at + 1} opens is not closed: ${lines[at]}`);
    const code = lines.slice(at + 1, end).map((line) => `${line}\n`);
    fences.push({ language, code: code.join(''), line: at + 2, follows: blank });
    blank = true;
    at = end;
  }
  return fences;
}

export function examplesOf(markdown: string): Example[] {
  const fences = fencesOf(markdown);
  return fences.flatMap(({ language, code, line }, i) => {
    const next = fences[i + 1];
    return language === 'js' && next?.language === 'text' && next.follows ? [{ code, expected: next.code, line }] : [];
  });
}
