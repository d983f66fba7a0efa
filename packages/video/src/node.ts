/** Action recognition in Node: files and folders, WebCodecs and ffmpeg. */
export * from './common.ts';
export { diskStore } from './node/disk-store.ts';
export { type ReadClipsOptions, readClips } from './node/read-clips.ts';
export { type ClipReaderOptions, clipReader } from './node/reader.ts';
export { clipSource, type NodeClipSourceOptions } from './node/source.ts';
