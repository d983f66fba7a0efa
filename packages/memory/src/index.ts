export * from './format.ts';
export * from './leaks.ts';
export { VARIABLES } from './ledger.ts';
export * from './meter.ts';
export * from './report.ts';
export * from './svg.ts';
export * from './timeline.ts';
