export * from './backbone.ts';
export * from './task.ts';
