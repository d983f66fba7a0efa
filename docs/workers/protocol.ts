/** What a page and the worker of its live example say to one another. */
import type { Failure } from './serve.ts';

/** A number that the reader sets. */
export interface RangeControl {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly value: number;
}

/** One of several words. */
export interface ChoiceControl {
  readonly label: string;
  readonly choices: readonly string[];
  readonly value: string;
}

export type Control = RangeControl | ChoiceControl;
export type Controls = Readonly<Record<string, Control>>;
export type Values = Readonly<Record<string, number | string>>;

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** What an example yields: a paragraph, lines as a console prints them, a chart or a table. */
export type Output =
  | { readonly say: string }
  | { readonly lines: readonly string[] }
  | {
      readonly chart: {
        readonly title: string;
        readonly x: string;
        readonly y: string;
        readonly series: readonly Series[];
        /** Default linear. */
        readonly scale?: 'log';
        /** Of the vertical axis: `bytes` writes 1.5 MB. */
        readonly unit?: 'bytes';
      };
    }
  | {
      readonly table: {
        readonly title: string;
        readonly columns: readonly string[];
        readonly rows: readonly (readonly (string | number)[])[];
      };
    };

export type Request =
  | { readonly type: 'load'; readonly source: string; readonly backend: string }
  /** Answers carry the `run` of the request; a newer one ends the one before at its next output. */
  | { readonly type: 'run'; readonly run: number; readonly values: Values };

export type Answer =
  | { readonly type: 'started'; readonly backend: string; readonly device: string; readonly note?: string }
  | { readonly type: 'loaded'; readonly controls: Controls }
  | { readonly type: 'output'; readonly run: number; readonly output: Output }
  | { readonly type: 'done'; readonly run: number; readonly seconds: number }
  | Failure;
