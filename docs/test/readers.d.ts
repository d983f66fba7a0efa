/** What a reader has already where a block of the documentation begins. */

declare const model: import('@dr2net/models').TaskModel<import('@dr2net/video').ClipBatch>;
declare const clips: import('@dr2net/video').ClipSource;

/** The text of a `metrics.jsonl`. */
declare const metricsOfOne: string;
declare const metricsOfAnother: string;

/** A scene with what was found in it. */
declare const record: import('dr2net/scene').SceneRecord;
