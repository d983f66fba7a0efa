/** The forward pass: online softmax with a running maximum and sum; log Σ exp of every query is stored for the pullback. */
import type { Shader } from '../../webgpu/dispatch.ts';
import { list } from '../../webgpu/list.ts';
import * as parts from './parts.ts';

const { rows } = parts;
/** In the softmax a lane has four rows and four columns of the round. */
const groups = rows / 4;
const least = '-3.4e38';

export const forward = (variant: parts.Variant): Shader =>
  parts.shader('forward', variant, () => {
    const { type } = parts.unitOf(variant);
    const lanes = parts.lanesOf(variant);
    return {
      inputs: { qkv: type, ...parts.biasInputs(variant) },
      outputs: { o: 'f32', lse: 'f32' },
      head: `
${parts.staged(variant, 'queries')}
var<workgroup> scores: array<vec4f, ${lanes * groups}>;
var<workgroup> share: array<vec4f, ${lanes}>;
var<workgroup> shrink: array<vec4f, ${groups}>;`,
      body: parts.overBatch(`
  ${parts.rowTokens}
  ${parts.stage(variant, 'queries', 'qkv', (token) => `inQkv(group, ${token}, 0u)`)}
  workgroupBarrier();
  ${parts.ownChannels(variant)}
  let mine = lane % ${groups}u;
  let part = lane / ${groups}u;
  var largest = vec4f(${least});
  var sum = vec4f();
  ${parts.accumulators(variant, (e, q) => `var acc_${e}_${q} = vec4f();`)}
  for (var j0 = 0u; j0 < p.tokens; j0 += ${lanes}u) {
    // The loop runs in every lane, also past the end: where lanes go apart, a processor that emulates the GPU reads rows lane by lane.
    let key = min(j0 + lane, p.tokens - 1u);
    let kAt = inQkv(group, key, 1u);
    ${list(groups, (q) => `var s${q} = vec4f();`)}
    for (var d = 0u; d < p.units; d++) {
      let kd = qkv[kAt + d];
      ${parts.products(variant, 's', 'queries', 'kd')}
    }
    ${parts.perRow('let offset', (r) => `offset(group, row${r}, key)`)}
    let inside = j0 + lane < p.tokens;
    ${list(groups, (q) => `s${q} = select(vec4f(${least}), s${q} * p.scale + offset${q}, inside);`)}
    ${list(groups, (q) => `scores[lane * ${groups}u + ${q}u] = s${q};`)}
    workgroupBarrier();
    var top = vec4f(${least});
    for (var t = 0u; t < ${groups}u; t++) { top = max(top, scores[(part * ${groups}u + t) * ${groups}u + mine]); }
    share[lane] = top;
    workgroupBarrier();
    for (var i = 0u; i < p.shares; i++) { top = max(top, share[i * ${groups}u + mine]); }
    top = max(top, largest);
    let factor = exp(largest - top);
    largest = top;
    sum *= factor;
    for (var t = 0u; t < ${groups}u; t++) {
      let at = (part * ${groups}u + t) * ${groups}u + mine;
      let e = exp(scores[at] - top);
      scores[at] = e;
      sum += e;
    }
    if (part == 0u) { shrink[mine] = factor; }
    workgroupBarrier();
    ${parts.accumulators(variant, (e, q) => `acc_${e}_${q} *= shrink[${q}u];`)}
    let end = min(p.tokens - j0, ${lanes}u);
    for (var j = 0u; j < end; j++) {
      let vAt = inQkv(group, j0 + j, 2u);
      ${list(groups, (q) => `let w${q} = scores[j * ${groups}u + ${q}u];`)}
      ${list(parts.channelsOf(variant), (e) => `let v${e} = ${parts.channelOf(variant, 'qkv', 'vAt', e)};`)}
      ${parts.accumulators(variant, (e, q) => `acc_${e}_${q} += w${q} * v${e};`)}
    }
    workgroupBarrier();
  }
  share[lane] = sum;
  workgroupBarrier();
  if (part == 0u) {
    var total = vec4f();
    for (var i = 0u; i < p.shares; i++) { total += share[i * ${groups}u + mine]; }
    shrink[mine] = 1.0 / total;
    let value = largest + log(total);
    for (var i = 0u; i < 4u; i++) {
      let token = first + 4u * mine + i;
      if (token < p.tokens) { lse[inHead(group, token)] = value[i]; }
    }
  }
  workgroupBarrier();
  ${parts.storeChannels(
    variant,
    'acc',
    'o',
    (token) => `inOutput(group, ${token})`,
    (acc, q) => `${acc} * shrink[${q}]`,
  )}`),
    };
  });
