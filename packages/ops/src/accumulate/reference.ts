/** A sum that grows, of plain tfjs ops: a new tensor. */
import { add } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import type { Accumulate } from './index.ts';

export const reference: Accumulate = (sum, term) => after(add(sum, term), sum, term);
