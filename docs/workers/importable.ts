/** What the examples can import: each has a bundle of its own, all share their modules. */
export const importable = [
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-core/dist/register_all_gradients.js',
  '@dr2net/backends',
  '@dr2net/core',
  '@dr2net/detection',
  '@dr2net/layers',
  '@dr2net/memory',
  '@dr2net/models',
  '@dr2net/ops',
  '@dr2net/pointcloud',
  '@dr2net/schedulers',
  '@dr2net/train',
  '@dr2net/video',
  'dr2net',
] as const;
