/** All kernels that can be exported, by name. */
import { attentions } from './attention.ts';
import { elementwise } from './elementwise.ts';
import { layers } from './layers.ts';
import { mapRows } from './map-rows.ts';
import { products } from './products.ts';
import { reduce } from './reduce.ts';
import { shape } from './shape.ts';

export const rules = [...elementwise, ...reduce, ...shape, ...products, ...layers, ...attentions, mapRows];

/** By the kernel's name. */
export function ruleOf(kernel: string) {
  const found = rules.find((rule) => rule.kernel === kernel);
  if (!found) throw new Error(`There is no rule for ${kernel}.`);
  return found;
}
