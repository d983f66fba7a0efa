import { expect, test } from 'vitest';
import { examplesOf, fencesOf } from './fences.ts';

const page = [
  '# Title',
  '```js',
  'a();',
  '```',
  '',
  '```text',
  '1',
  '```',
  '```js',
  'b();',
  '```',
  'Words.',
  '```text',
  '2',
  '```',
  '````md',
  '```js',
  '```',
  '````',
  '```',
  '```',
];

test('blocks have their language, code and line', () => {
  expect(fencesOf(page.join('\n'))).toEqual([
    { language: 'js', code: 'a();\n', line: 3, follows: false },
    { language: 'text', code: '1\n', line: 7, follows: true },
    { language: 'js', code: 'b();\n', line: 10, follows: true },
    { language: 'text', code: '2\n', line: 14, follows: false },
    { language: 'md', code: '```js\n```\n', line: 17, follows: true },
    { language: '', code: '', line: 21, follows: true },
  ]);
});

test('an example is a js block that a text block follows, with nothing between', () => {
  expect(examplesOf(page.join('\n'))).toEqual([{ code: 'a();\n', expected: '1\n', line: 3 }]);
});

test('a block without an end is an error', () => {
  expect(() => fencesOf('a\n```js\nb')).toThrow('line 2');
});
