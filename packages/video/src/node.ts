/** Action recognition in Node: files and folders, WebCodecs and ffmpeg. */
export * from './common.ts';
export { type DecoderReport, findDecoders } from './node/decoders.ts';
export { diskStore } from './node/disk-store.ts';
export { findSplits, type ReadClipsOptions, readClips } from './node/read-clips.ts';
export { type ClipReaderOptions, clipReader } from './node/reader.ts';
export { clipSource, type NodeClipSourceOptions } from './node/source.ts';
export { type WriteClipOptions, writeClip } from './node/write-clip.ts';
