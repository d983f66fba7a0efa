/** The methods, each a part that a tracer may have. */
export { checkpointMethod } from './checkpoint.ts';
export { conventionalMethod } from './conventional.ts';
export { exactMethod } from './exact.ts';
export { frozenMethod } from './frozen.ts';
export { reversibleMethod } from './reversible.ts';
