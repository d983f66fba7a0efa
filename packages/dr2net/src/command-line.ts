/** Commands that are suggested, as they can be pasted into a shell. */

/** A path or another argument, quoted where a shell would read it otherwise. */
export const shellWord = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** `npx dr2net …` where npx or `npm exec` started it: then no command `dr2net` need be there. */
export function commandLine(args: readonly string[]): string {
  const own = process.env.npm_command === 'exec' ? 'npx dr2net' : 'dr2net';
  return [own, ...args.map(shellWord)].join(' ');
}
