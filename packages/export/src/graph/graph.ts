/** A network as a graph whose sizes may depend on the batch: what a format is written from. */
import type { Rule } from '../rules/rule.ts';
import type { Dim } from './dim.ts';
import type { Attributes, Constant, ValueType } from './recorded.ts';

export type Source =
  | { readonly kind: 'input'; readonly name: string }
  /** `samples`: the numbers are those of one sample, and stand there once for each. */
  | { readonly kind: 'constant'; readonly constant: Constant; readonly samples: boolean }
  | {
      readonly kind: 'made';
      readonly rule: Rule;
      readonly inputs: Readonly<Record<string, Value>>;
      readonly attributes: Attributes;
    };

export interface Value {
  readonly shape: readonly Dim[];
  readonly dtype: ValueType;
  readonly source: Source;
}

export interface Graph {
  /** All that are needed, each after what it is made of. */
  readonly values: readonly Value[];
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
}
