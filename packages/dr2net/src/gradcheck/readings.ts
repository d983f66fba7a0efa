/**
 * What is read in a pass: in a second pass the sub-blocks, the heads and all that stands behind the runs read what they have read in the
 * first, so that ReLUs, maxima, matching and choices of the best fall out alike in both.
 */
import { abs, dispose, divNoNan, keep, max, sub, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { toHost } from './collect.ts';
import type { Pass, Reader, Readings } from './contract.ts';

export interface ReadingOptions {
  /** What was read in the first pass; undefined in the first itself. */
  readonly first: Readings | undefined;
  /** Whether something within sub-blocks is not smooth. Else only what stands behind the runs reads what was read before. */
  readonly inside: boolean;
}

export class Reading {
  readonly #first: Readings | undefined;
  readonly #inside: boolean;
  readonly #seen: Map<Reader, Tensor>[] = [];
  readonly #differences: Tensor[] = [];

  constructor({ first, inside }: ReadingOptions) {
    this.#first = first;
    this.#inside = inside;
  }

  /** `RunsOptions.onRead` */
  readonly onRead = (x: Tensor, reader: Reader, run: number): Tensor | undefined => {
    if (!this.#inside && reader !== 'head') return undefined;
    if (!this.#first) this.#note(x, reader, run);
    const found = this.#first?.[run]?.get(reader);
    if (!found) return undefined;
    const given = tensor(found.data, [...found.shape]);
    this.#differences.push(keep(tidy(() => divNoNan(max(abs(sub(x, given))), max(abs(given))))));
    return given;
  };

  /**
   * The largest of max|x − given|/max|given| over all that was read. Each x is made of what was given before it, so that
   * more than rounding is a fault of the first pass forward, which its gradients do not show.
   */
  async #difference(): Promise<number> {
    const numbers = await Promise.all(this.#differences.map(async (one) => (await one.data())[0]!));
    return Math.max(0, ...numbers);
  }

  /** The last time before the head reads counts: before it a range may be measured, behind it states are rebuilt. */
  #note(x: Tensor, reader: Reader, run: number): void {
    this.#seen[run] ??= new Map();
    const own = this.#seen[run];
    if (own.has('head')) return;
    own.get(reader)?.dispose();
    own.set(reader, keep(x.clone()));
  }

  /** Of the pass that is over. */
  async result(): Promise<Pick<Pass, 'readings' | 'readingDifference'>> {
    return this.#first ? { readingDifference: await this.#difference() } : { readings: await this.#toHost() };
  }

  async #toHost(): Promise<Readings> {
    const read = this.#seen.map(async (own) => {
      const tensors = [...own].map(async ([reader, x]) => [reader, await toHost(x)] as const);
      return new Map(await Promise.all(tensors));
    });
    return Promise.all(read);
  }

  dispose(): void {
    dispose([...this.#differences, ...this.#seen.flatMap((own) => [...own.values()])]);
  }
}
