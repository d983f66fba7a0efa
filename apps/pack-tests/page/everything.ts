// Every entry that is there for a browser.

export * as backends from '@dr2net/backends';
export * as core from '@dr2net/core';
export * as detection from '@dr2net/detection';
export * as exported from '@dr2net/export';
export * as layers from '@dr2net/layers';
export * as memory from '@dr2net/memory';
export * as models from '@dr2net/models';
export * as ops from '@dr2net/ops';
export * as pointcloud from '@dr2net/pointcloud';
export * as schedulers from '@dr2net/schedulers';
export * as train from '@dr2net/train';
export * as video from '@dr2net/video';
export * as facade from 'dr2net';
export * as example from 'dr2net/example';
export * as report from 'dr2net/report';
export * as scene from 'dr2net/scene';
