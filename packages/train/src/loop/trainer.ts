/** One run's moving parts: optimizer state, gradients, average, meter; and what one step does with them. */
import { type Method, StateRangeError } from '@dr2net/core';
import { type Meter, meter } from '@dr2net/memory';
import type { Batch, StepResult, TaskModel } from '@dr2net/models';
import { checkShaders, trainingContext } from '@dr2net/ops';
import { dispose } from '@tensorflow/tfjs-core';
import { CollectedGradients } from '../optimizer/collect.ts';
import { MovingAverage } from '../optimizer/ema.ts';
import { countUses, ImmediateUpdates } from '../optimizer/immediate.ts';
import { OptimizerState } from '../optimizer/state.ts';
import { hitsOf } from './accuracy.ts';
import { Course, trustOf } from './course.ts';
import { Gathered, type StepOutcome } from './gathered.ts';
import { outputChange } from './look.ts';
import type { ResolvedOptions } from './options.ts';
import { anchorControls, grids } from './per-run.ts';
import { planStep, type StepPlan } from './plan.ts';
import { UntrainedValues } from './untrained.ts';

/** Thrown inside a step when a figure is not finite; the loop adds where, and the last checkpoint. */
export class NotFinite extends Error {
  constructor(
    readonly what: string,
    readonly value: number,
  ) {
    super(`The ${what} is ${value}.`);
  }
}

/** How a step is taken that is only tried. */
export interface Trying {
  /** Logical bytes beyond which it stops with a `MemoryLimitError` of `@dr2net/memory`; Infinity for none. */
  readonly limit: number;
}

export class Trainer<B extends Batch, E> {
  readonly meter: Meter;
  readonly state: OptimizerState;
  readonly average: MovingAverage | undefined;
  readonly grids = grids();
  readonly anchors = anchorControls();
  readonly course: Course;
  readonly #use: CollectedGradients | ImmediateUpdates;
  readonly #untrained: UntrainedValues;
  #counted = 0;
  #gathered: Gathered | undefined;
  #applying = false;
  /** What the schedule had learned when the step at hand began. */
  #courseBefore: unknown;

  constructor(
    private readonly model: TaskModel<B, E>,
    private options: ResolvedOptions<B>,
    /** Whether steps change no parameter. */
    private readonly trying?: Trying,
  ) {
    const { optimizer, update, clip, ema, backend } = options;
    this.meter = meter({ ...(backend && { probe: backend.memory }), ...trying });
    const exclude = (category: string) => (tensor: Parameters<Meter['exclude']>[0]) =>
      this.meter.exclude(tensor, category);
    this.state = trying
      ? new OptimizerState(optimizer, model, exclude('optimizer'), (_, value) => value.dispose())
      : new OptimizerState(optimizer, model, exclude('optimizer'));
    this.average = ema === undefined ? undefined : new MovingAverage(ema, model.parameters, exclude('average'));
    const factor = () => Math.max(1, ...this.anchors.toJSON().map((state) => state.factor));
    this.course = new Course(options.schedule, (point) => trustOf(this.method, options.subBlocks, factor)(point));
    this.#untrained = new UntrainedValues(model.parameters, exclude('parameters'));
    const Use = update === 'sink' ? ImmediateUpdates : CollectedGradients;
    this.#use = new Use(this.state, clip, exclude('gradients'));
  }

  /** The samples of the step at hand, so far. */
  get ids(): readonly string[] {
    return this.#gathered?.ids ?? [];
  }

  /** The norm that the next step is clipped by (update `sink`). */
  get previousNorm(): number | undefined {
    return this.#use instanceof ImmediateUpdates ? this.#use.previousNorm : undefined;
  }

  set previousNorm(norm: number | undefined) {
    if (this.#use instanceof ImmediateUpdates) this.#use.previousNorm = norm;
  }

  /** Whether the step at hand has changed nothing yet, so that it can be taken again from its first batch. */
  get untouched(): boolean {
    return !this.#applying && !(this.#use instanceof ImmediateUpdates && this.#use.updating);
  }

  /** The method of the steps to come: that of the options, or a leaner one. */
  get method(): Method {
    return this.options.method;
  }

  /** Drops the step at hand and goes on with a leaner method. */
  stepDown(method: Method): void {
    this.abandon();
    this.options = { ...this.options, method };
  }

  /**
   * Begins a step.
   * @param step 0-based
   * @param again a state left the range of `exact` when it was begun before
   */
  begin(step: number, again = false): StepPlan {
    this.#courseBefore = this.course.state;
    const plan = planStep(step, this.options, this.course.state);
    for (const remembered of [this.grids, this.anchors]) remembered.hold(again);
    const { model } = this;
    model.coefficients = plan.coefficients;
    model.method = plan.method;
    this.#untrained.hold();
    this.meter.reset();
    this.#use.begin({
      learningRate: plan.learningRate,
      accepts: (parameter) => parameter.trainable && (!plan.frozen || model.isHead(parameter)),
    });
    this.#gathered = new Gathered(plan, step);
    return plan;
  }

  /** Forward and backward on one batch of the step. The batch is borrowed. */
  async add(batch: B): Promise<void> {
    const gathered = this.#now();
    gathered.ids.push(...batch.ids);
    if (gathered.batches === 0) await this.#look(batch, gathered);
    const { seed, chunks } = this.options;
    const context = trainingContext(seed, gathered.step, { chunks }).child(gathered.batches++);
    let result: StepResult | undefined;
    try {
      if (this.#use instanceof ImmediateUpdates) await this.#findShared(batch, context, gathered.plan);
      else if (this.options.accumulate > 1) this.#use.weigh(batch.size);
      result = await this.model.step(batch, {
        context,
        sink: this.#use.sink,
        scaleOf: this.grids.of,
        anchorsOf: this.anchors.of,
        onPhase: (phase) => this.meter.phase(phase),
      });
      await this.#read(batch, result, gathered);
    } finally {
      if (result) dispose([result.loss, result.output]);
    }
  }

  /** Updates the parameters and ends the step. */
  async end(): Promise<StepOutcome> {
    const gathered = this.#now();
    this.meter.phase('optimizer');
    const gradientNorm = await this.#norm();
    this.#applying = true;
    this.#use.apply();
    if (this.#use instanceof ImmediateUpdates) this.#use.previousNorm = gradientNorm;
    this.average?.update();
    this.#applying = false;
    this.#use.abandon();
    if (this.trying) this.#untrained.restore();
    else this.#untrained.dispose();
    this.#gathered = undefined;
    this.course.learned(gathered.loss);
    return {
      ...gathered.outcome(this.model.coefficients),
      ...(gradientNorm !== undefined && { gradientNorm }),
      memory: this.meter.read(),
    };
  }

  /** Drops a step that has begun, its batches unused. */
  abandon(): void {
    this.#use.abandon();
    this.#untrained.restore();
    // A step that is taken again looks again.
    if (this.#gathered) this.course.restore(this.#courseBefore);
    this.#gathered = undefined;
  }

  /** Frees all state; the model keeps the coefficients of the last step and the method that was asked for. */
  dispose(): void {
    this.abandon();
    this.state.dispose();
    this.average?.dispose();
    this.meter.stop();
    this.model.method = this.options.method;
  }

  #now(): Gathered {
    if (!this.#gathered) throw new Error('Trainer: begin a step first.');
    return this.#gathered;
  }

  /** Measures for a schedule that looks what the coefficients it proposes would do to the output, and takes those it then gives. */
  async #look(batch: B, gathered: Gathered): Promise<void> {
    const { total, epochSteps } = this.options;
    const clock = { step: gathered.step, total, epochSteps };
    const proposed = this.course.propose(clock);
    if (!proposed) return;
    const { alpha, beta } = proposed;
    gathered.outputChange = await outputChange(this.model, batch, { alpha, beta });
    this.course.changed(gathered.outputChange, clock);
    gathered.plan = planStep(gathered.step, this.options, this.course.state);
    this.model.coefficients = gathered.plan.coefficients;
  }

  /** Everything that has to come from the device for one batch, in one wait. */
  async #read(batch: B, result: StepResult, gathered: Gathered): Promise<void> {
    const hits = hitsOf(batch, result.output);
    try {
      const [loss, correct, checks] = await Promise.all([
        result.loss.data(),
        hits?.correct.data(),
        Promise.all(result.reports.map((report) => report.check())),
      ]);
      await checkShaders();
      this.options.backend?.check();
      const value = loss[0] ?? Number.NaN;
      if (!Number.isFinite(value)) throw new NotFinite('loss', value);
      gathered.add(batch.size, value, hits && { correct: correct?.[0] ?? 0, counted: hits.counted });
      gathered.measured(result.reports, checks);
      const used = result.reports[0]?.coefficients;
      if (used) this.model.coefficients = used;
    } finally {
      hits?.correct.dispose();
    }
  }

  async #norm(): Promise<number | undefined> {
    const norm = this.#use.norm();
    if (!norm) return undefined;
    try {
      const value = (await norm.data())[0] ?? Number.NaN;
      if (!Number.isFinite(value)) throw new NotFinite("gradients' norm", value);
      return value;
    } finally {
      // A lost device answers with an error.
      norm.dispose();
    }
  }

  /**
   * Update `sink` must know which parameters get more than one gradient. One pass that only counts tells; again when
   * the backbone begins to learn after the head alone did.
   */
  async #findShared(
    batch: B,
    context: Parameters<TaskModel<B, E>['step']>[1]['context'],
    plan: StepPlan,
  ): Promise<void> {
    const need = plan.frozen ? 1 : 2;
    if (this.#counted >= need || !(this.#use instanceof ImmediateUpdates)) return;
    const { sink, uses } = countUses((gradient) => this.meter.exclude(gradient, 'gradients'));
    // Copies of what is remembered: this pass must leave no trace, or a resumed run would differ from one that was not stopped.
    const [grids, anchors] = [this.grids.copy(), this.anchors.copy()];
    try {
      const remembered = { scaleOf: grids.of, anchorsOf: anchors.of };
      const { loss, output, reports } = await this.model.step(batch, { context, sink, ...remembered });
      dispose([loss, output]);
      await Promise.all(reports.map((report) => report.check()));
      await checkShaders();
      this.#untrained.restore();
      this.#untrained.hold();
    } catch (error) {
      // Where a state left the range, the step is taken again on the grid that was chosen then, as it would be without this pass.
      if (error instanceof StateRangeError) this.grids.restore(grids.toJSON());
      throw error;
    }
    this.#counted = need;
    this.#use.share(uses);
  }
}
