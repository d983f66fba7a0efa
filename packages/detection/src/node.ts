/** Object detection in Node. */
export * from './common.ts';
