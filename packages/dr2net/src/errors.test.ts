import { DeviceOutOfMemoryError, TensorTooLargeError } from '@dr2net/backends';
import { StateRangeError } from '@dr2net/core';
import { ModelSourceError } from '@dr2net/models';
import { StepFailedError } from '@dr2net/train';
import { BadClipError } from '@dr2net/video';
import { describe, expect, it } from 'vitest';
import { CheckError, exitCodeOf, explain, InterruptedError, UsageError } from './errors.ts';

const place = { step: 1, ids: ['a.mp4'], lastCheckpoint: undefined };
const withCode = (code: string) => Object.assign(new Error(code), { code });

describe('exit codes', () => {
  it.each([
    [2, new UsageError('x')],
    [2, new ModelSourceError('x')],
    [2, new BadClipError('clip', 'empty', 'x')],
    [2, new RangeError('seed is −1')],
    [2, withCode('EACCES')],
    [2, new Error('cannot be read', { cause: withCode('ENOENT') })],
    [1, new CheckError('x')],
    [1, new Error('x')],
    [1, new TensorTooLargeError('x', 2, 1, 'limit')],
    [1, new DeviceOutOfMemoryError('wasm', 'x', 2, 1)],
    [1, new StateRangeError('block', 2, 1, 3)],
    [1, new Error('not written', { cause: withCode('ENOSPC') })],
    [1, new StepFailedError(place, new TensorTooLargeError('x', 2, 1, 'limit'))],
    [2, new StepFailedError(place, new BadClipError('clip', 'empty', 'x'))],
    [70, new StepFailedError(place, new TypeError('x is undefined'))],
    [70, new TypeError('x is undefined')],
    [70, 'a thrown string'],
    [130, new InterruptedError('x')],
  ])('%i for %o', (code, error) => expect(exitCodeOf(error)).toBe(code));
});

describe('what the user is told', () => {
  it('of too little memory: the tensor, its size and the limit', () => {
    const text = explain(new TensorTooLargeError('blocks.3.attention', 300, 128, 'maxStorageBufferBindingSize'));
    expect(text).toMatch(/^error: blocks\.3\.attention takes 300 bytes.*128 bytes.*smaller batch/);
  });

  it('of a fault of the program: that it is none of theirs', () => {
    expect(explain(new TypeError('x is undefined'))).toMatch(/fault of dr2net.*--debug/);
    expect(explain(new UsageError('no'))).toBe('error: no');
  });
});
