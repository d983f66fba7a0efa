export type { ModelOptions } from './architectures/options.ts';
export * from './backbone.ts';
export type { HostTensor } from './checkpoint/decode.ts';
export * from './errors.ts';
export type { SourceOptions } from './files/source.ts';
export { type InflateOptions, inflate } from './inflate.ts';
export { type LoadOptions, loadBackbone } from './load.ts';
export * from './task.ts';
export { TransformerBackbone } from './transformer/transformer-backbone.ts';
