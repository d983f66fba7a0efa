/** LayerNorm and attention a group of heads at a time (`byHeads` of `@dr2net/layers`), dry. */
import type { DryEngine, DryTensor } from '../engine.ts';
import { type DryLayer, type DryParameter, type DrySink, drySequential } from '../layer.ts';
import type { KernelFamily } from './family.ts';
import { affine, affineGradients, dryLinear, type LinearParts } from './linear.ts';
import { joined, partsOf } from './parts.ts';

/** What {@link dryByHeads} is made of. */
export interface DryByHeadsParts {
  readonly norm: DryLayer;
  readonly qkv: LinearParts;
  readonly projection: LinearParts;
  readonly heads: number;
  readonly width: number;
  /** Attention of so many heads. */
  attention(heads: number): DryLayer;
}

/** LayerNorm and attention some heads at a time (`byHeads` of `@dr2net/layers`), dry. */
export function dryByHeads(
  engine: DryEngine,
  family: KernelFamily,
  { norm, qkv, projection, heads, width, attention }: DryByHeadsParts,
  chunks: number,
): DryLayer {
  const project = dryLinear(engine, family, projection);
  if (chunks === 1)
    return drySequential(engine, [
      norm,
      drySequential(engine, [dryLinear(engine, family, qkv), attention(heads), project]),
    ]);
  const groups = partsOf(heads, chunks);
  /** A parameter of this tensor, as the kernels take it. */
  const standIn = (tensor: DryTensor, shape: number[], trainable: boolean): DryParameter => ({
    ...{ size: tensor.size, shape, tensor, trainable },
  });
  const normed = <T>(x: DryTensor, use: (normed: DryTensor) => T): T => {
    const h = norm.apply(x);
    return engine.after(use(h), h);
  };
  /** Columns of the fused weight and bias for the duration of `use`. */
  const columns = <T>(count: number, use: (parts: LinearParts) => T): T => {
    const outer = (3 * count * width) / heads;
    const weight = engine.op(width * outer, qkv.weight.tensor);
    const bias = qkv.bias && engine.op(outer, qkv.bias.tensor);
    const result = use({
      weight: standIn(weight, [width, outer], qkv.weight.trainable),
      bias: bias && standIn(bias, [outer], qkv.bias?.trainable ?? false),
    });
    return engine.after(result, weight, bias ?? undefined);
  };
  const outputsOf = (x: DryTensor) => {
    const outputs = normed(x, (h) =>
      groups.map((count) =>
        columns(count, (parts) => {
          const fused = affine(engine, family, h, parts);
          return engine.after(attention(count).apply(fused), fused);
        }),
      ),
    );
    return joined(engine, outputs);
  };
  const apply = (x: DryTensor) => {
    const outputs = outputsOf(x);
    return engine.after(project.apply(outputs), outputs);
  };

  /** sums + dFused·back, by rows. */
  const added = (sums: readonly DryTensor[], dFused: DryTensor, back: DryTensor, outer: number) =>
    partsOf(dFused.size / outer, chunks).map((count, i) => {
      const rows = engine.op(count * outer, dFused);
      const sum = sums[i];
      const parts = { weight: standIn(back, [outer, width], false), bias: null };
      if (sum && family.products === 'shaders')
        return engine.after(engine.op(count * width, rows, back, sum), rows, sum);
      const f = affine(engine, family, rows, parts);
      return engine.after(sum ? engine.after(engine.op(f.size, f, sum), f) : f, rows, sum);
    });

  const revisit = (x: DryTensor, dy: DryTensor, sink: DrySink) => {
    const outputs: DryTensor[] = [];
    const weights: DryTensor[] = [];
    const biases: DryTensor[] = [];
    let sums: DryTensor[] = [];
    const wanted = { weight: qkv.weight.trainable, bias: qkv.bias?.trainable ?? false };
    for (const count of groups) {
      const outer = (3 * count * width) / heads;
      const fused = columns(count, (parts) => normed(x, (h) => affine(engine, family, h, parts)));
      const { value, pullback } = attention(count).trace(fused);
      engine.free(fused);
      outputs.push(value);
      const rows = engine.op((count * width * width) / heads, projection.weight.tensor);
      const turned = engine.op(rows.size, rows);
      const back = { weight: standIn(turned, [width, outer / 3], false), bias: null };
      const dOutput = engine.after(affine(engine, family, dy, back), rows, turned);
      const dFused = engine.after(pullback(dOutput, sink), dOutput);
      const turnedBack = columns(count, ({ weight }) => {
        if (wanted.weight || wanted.bias) {
          const made = normed(x, (h) =>
            affineGradients(engine, family, h, weight, dFused, (name) => name !== 'x' && wanted[name]),
          );
          if (made.weight) weights.push(engine.label(made.weight, 'gradients'));
          if (made.bias) biases.push(made.bias);
        }
        return engine.op(weight.size, weight.tensor);
      });
      sums = added(sums, dFused, turnedBack, outer);
      engine.free(turnedBack, dFused);
    }
    const gradient = joined(engine, sums);
    const all = joined(engine, outputs);
    if (wanted.weight) sink(qkv.weight, joined(engine, weights));
    if (wanted.bias) sink(qkv.bias!, joined(engine, biases));
    const first = norm.trace(x);
    engine.free(first.value);
    const before = engine.after(first.pullback(gradient, sink), gradient);
    const { value, parametersOnly } = project.trace(all);
    engine.free(all);
    parametersOnly(dy, sink);
    return { value, gradient: before };
  };
  return {
    apply,
    applyWithResidual(x, terms) {
      const outputs = outputsOf(x);
      return engine.after(project.applyWithResidual!(outputs, terms), outputs);
    },
    trace(x) {
      const value = apply(x);
      const kept = engine.share(x);
      return {
        value,
        pullback: (dy, sink) => {
          const { value: again, gradient } = revisit(kept, dy, sink);
          return engine.after(gradient, again, kept);
        },
      };
    },
    revisit,
  };
}
