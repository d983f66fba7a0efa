/** What one measured process or worker tells. All times in seconds, all sizes in bytes. */
import * as v from 'valibot';
import { pointParts } from './point-size.ts';
import { subjectNames } from './subjects/names.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const seconds = v.array(v.pipe(v.number(), v.minValue(0)));

const vitSize = v.object({
  width: positive,
  heads: positive,
  depth: positive,
  side: positive,
  patch: positive,
  frames: positive,
  batch: positive,
});

const pointSize = v.object({
  width: positive,
  heads: positive,
  depth: positive,
  points: positive,
  batch: positive,
  part: v.picklist(pointParts),
});

const yolosSize = v.object({
  width: positive,
  heads: positive,
  depth: positive,
  grid: v.pipe(v.tuple([positive, positive]), v.readonly()),
  detections: positive,
  batch: positive,
});

const swinSize = v.object({
  width: positive,
  heads: positive,
  depths: v.pipe(v.array(positive), v.readonly()),
  window: positive,
  pixels: positive,
  batch: positive,
});

export const caseSchema = v.object({
  backend: v.string(),
  subject: v.picklist(subjectNames),
  size: v.union([vitSize, pointSize, yolosSize, swinSize]),
  chunks: positive,
  warmup: positive,
  repetitions: positive,
  budgetSeconds: v.number(),
});

const timelinePoint = v.object({
  seconds: v.number(),
  bytes: v.number(),
  activationBytes: v.number(),
  phase: v.string(),
});

export const measurementSchema = v.object({
  case: caseSchema,
  backend: v.object({
    name: v.string(),
    device: v.string(),
    software: v.boolean(),
    settings: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
  }),
  parameters: positive,
  /** Floating-point operations of a forward pass of the batch, a multiplication and an addition each. */
  forwardFlops: v.number(),
  /** Of points: sampling and neighbours, on the host, before the step and in no other figure. */
  geometrySeconds: v.optional(v.number()),
  /** One entry a repetition. */
  times: v.object({
    /** Forward and loss alone. */
    forward: seconds,
    /** Forward, loss and backward. */
    step: seconds,
    /** Update of all parameters. */
    optimizer: seconds,
    /** The step's matrix products alone, between the steps of the same process. */
    products: v.optional(seconds),
  }),
  loss: v.number(),
  /** Of the first step, before any update; see digest.ts. */
  gradients: v.record(v.string(), v.array(v.number())),
  /** As TensorFlow.js's engine counts it; absent for jax-js. */
  memory: v.optional(
    v.object({
      /** At the peak of one step, besides parameters, their gradients and the optimizer's slots. */
      activationPeakBytes: v.number(),
      peakBytes: v.number(),
      /** Of the same step, as far as the subject tells them: the peak while each lasted, all that was alive then included. */
      phases: v.optional(v.array(v.object({ name: v.string(), activationPeakBytes: v.number(), seconds: v.number() }))),
      timeline: v.array(timelinePoint),
    }),
  ),
  /** What the device had really allocated: before the first step, and at most during all of them. */
  device: v.object({ kind: v.string(), startBytes: v.number(), peakBytes: v.number() }),
  /** WebGPU: of one step (forward and backward); `subBlock` by the difference to a network of another depth. */
  dispatches: v.optional(v.object({ step: count, subBlock: v.number(), boundBytes: v.number() })),
  /** The best product of square matrices, by tf.matMul or our own. */
  throughput: v.optional(v.object({ flops: v.number(), size: positive })),
  /** Live tensors and bytes after the last step minus those after the first. */
  growth: v.optional(v.object({ tensors: v.number(), bytes: v.number() })),
  /** `exact`: the rebuilt first state was the stored one, bit for bit. */
  rebuiltIdentical: v.optional(v.boolean()),
  /** `conventional`: the output is that of the pretrained wiring x + F(x) on the same kernels, bit for bit. */
  forwardIdentical: v.optional(v.boolean()),
});

export type Measurement = v.InferOutput<typeof measurementSchema>;
