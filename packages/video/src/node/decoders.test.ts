import { afterEach, beforeEach, expect, it } from 'vitest';
import { findDecoders } from './decoders.ts';

const { PATH } = process.env;
beforeEach(() => {
  process.env.PATH = '';
});
afterEach(() => {
  process.env.PATH = PATH;
});

it('tells which decoders are there, and what to do about a missing ffmpeg', async () => {
  const [webCodecs, ffmpeg] = await findDecoders();
  expect(webCodecs).toMatchObject({ name: 'WebCodecs', works: true });
  expect(ffmpeg).toMatchObject({
    name: 'ffmpeg',
    works: false,
    problem: expect.stringMatching(/no ffmpeg on the PATH.*apt install/),
  });
});
