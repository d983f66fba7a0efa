/** What `dr2net init` is asked for: where the project goes, its language, what runs it. */

export const languages = ['js', 'ts'] as const;
export type Language = (typeof languages)[number];

export const targets = ['node', 'vite'] as const;
export type Target = (typeof targets)[number];

export interface Choices {
  readonly folder: string;
  readonly language: Language;
  readonly target: Target;
}

export const defaults: Choices = { folder: 'dr2net-start', language: 'js', target: 'node' };

export const languageNames: Readonly<Record<Language, string>> = { js: 'JavaScript', ts: 'TypeScript' };
export const targetNames: Readonly<Record<Target, string>> = { node: 'Node', vite: 'a page, with Vite' };
