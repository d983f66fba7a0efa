/** A classification head, dry (`heads/`). */
import { type DryLayer, dryLayerNorm, dryLinear, drySequential } from '@dr2net/memory';
import type { HeadForm, Pooling } from '../backbone.ts';
import { dryDropout } from './masking.ts';
import type { Place } from './place.ts';

/** The first of a pair's poolings, or the only one, reads one token. */
function tokenPool({ engine, batch, tokens, spec: { width } }: Place): DryLayer {
  const apply: DryLayer['apply'] = (x) => engine.op(batch * width, x);
  return {
    apply,
    trace: (x) => ({ value: apply(x), pullback: (dy) => engine.op(batch * tokens * width, dy) }),
  };
}

function meanPool({ engine, family, batch, tokens, spec: { width, prefix } }: Place): DryLayer {
  const size = batch * width;
  const patches = tokens - prefix.length;
  const apply: DryLayer['apply'] = (x) => {
    const cut = engine.op(size * patches, x);
    const add = () => engine.op(size, cut);
    const sum = family.turnsToSum ? engine.scratch([4 * cut.size], add) : add();
    return engine.after(engine.op(size, sum), cut, sum);
  };
  return {
    apply,
    trace: (x) => ({
      value: apply(x),
      pullback: (dy) => {
        const each = engine.op(size, dy);
        const tiled = engine.op(size * patches, each);
        return engine.after(engine.op(size * tokens, tiled), each, tiled);
      },
    }),
  };
}

function pairPool(at: Place): DryLayer {
  const { engine, batch, spec } = at;
  const size = batch * spec.width;
  const pools = [tokenPool(at), meanPool(at)];
  return {
    apply(x) {
      const parts = pools.map((pool) => pool.apply(x));
      return engine.after(engine.op(2 * size, ...parts), ...parts);
    },
    trace(x) {
      const traces = pools.map((pool) => pool.trace(x));
      const values = traces.map(({ value }) => value);
      const value = engine.after(engine.op(2 * size, ...values), ...values);
      return {
        value,
        pullback: (dy, sink) => {
          const cuts = pools.map(() => engine.op(size, dy));
          const parts = traces.map(({ pullback }, i) => pullback(cuts[i]!, sink));
          return engine.after(engine.op(parts[0]!.size, ...parts), ...cuts, ...parts);
        },
      };
    },
  };
}

function pool(at: Place, pooling: Pooling): DryLayer {
  if (pooling === 'mean') return meanPool(at);
  return pooling === 'class+mean' ? pairPool(at) : tokenPool(at);
}

/** The mean of the outputs of two layers on the same input. */
function average({ engine }: Place, [first, second]: readonly [DryLayer, DryLayer]): DryLayer {
  const sum = (a: ReturnType<DryLayer['apply']>, b: ReturnType<DryLayer['apply']>) =>
    engine.after(engine.op(a.size, a, b), a, b);
  return {
    apply: (x) => sum(first.apply(x), second.apply(x)),
    trace(x) {
      const [one, two] = [first.trace(x), second.trace(x)];
      return {
        value: sum(one.value, two.value),
        pullback: (dy, sink) => sum(one.pullback(dy, sink), two.pullback(dy, sink)),
      };
    },
  };
}

export function dryHead(at: Place, form: HeadForm, dropout: number): DryLayer {
  const { engine, family, take } = at;
  const chains = form.outputs.map((_, i) => {
    const chain = [pool(at, form.pooling)];
    if (form.norm !== null)
      chain.push(dryLayerNorm(engine, family, { gain: take('head.norm.gain'), bias: take('head.norm.bias') }));
    if (dropout !== 0) chain.push(dryDropout(at));
    const name = i === 0 ? 'head.output' : `head.output${i + 1}`;
    chain.push(dryLinear(engine, family, { weight: take(`${name}.weight`), bias: take(`${name}.bias`) }));
    return drySequential(engine, chain);
  });
  const [first, second] = chains as [DryLayer, DryLayer | undefined];
  return second ? average(at, [first, second]) : first;
}
