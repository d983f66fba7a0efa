export * from '../root.ts';
export * from './fences.ts';
export * from './list.ts';
export * from './run.ts';
