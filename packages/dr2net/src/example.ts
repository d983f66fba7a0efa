/** The embedded example, `dr2net/example`: small clips drawn from seeds. The pretrained model for them is the folder `dr2net/example/`. */
export { clipOptions, drawClip } from './example/clip.ts';
export { type ExampleClips, exampleClips } from './example/clips.ts';
export { glyphSize } from './example/glyph.ts';
export { type Motion, motions } from './example/motion.ts';
export { clipSeed, clipsPerClass, type Part } from './example/parts.ts';
export { Random } from './example/random.ts';
