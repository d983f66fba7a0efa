export { gradientError } from './errors.ts';
export {
  normal,
  type RandomTransformer,
  type RandomTransformerOptions,
  randomTransformer,
  uniform,
} from './random.ts';
export { type Gradients, linear64, type Part, type Residual64, type Weights } from './residual.ts';
export { type Run64, type Run64Result, run64 } from './run.ts';
export { type AttentionSize, transformer64 } from './transformer.ts';
