/**
 * The pullback. With L = log Σ exp of the forward pass:
 *
 *     P = exp(s·QKᵀ + bias − L)    δ = rowsum(dO∘O)    dS = P∘(dO·Vᵀ − δ)    dQ = s·dS·K    dK = s·dSᵀ·Q    dV = Pᵀ·dO    dbias = Σ dS
 */
import type { Shader } from '../../webgpu/dispatch.ts';
import { list } from '../../webgpu/list.ts';
import * as parts from './parts.ts';

const { rows } = parts;
const groups = rows / 4;

/** P and dO·Vᵀ − δ of the lane's key for the 16 queries: `e0 …`, `rise0 …`. */
const probabilities = (variant: parts.Variant) => `
      let kAt = inQkv(group, key, 1u);
      let vAt = inQkv(group, key, 2u);
      ${list(groups, (q) => `var s${q} = vec4f(); var rise${q} = -delta${q};`)}
      for (var d = 0u; d < p.units; d++) {
        let kd = qkv[kAt + d];
        let vd = qkv[vAt + d];
        ${parts.products(variant, 's', 'queries', 'kd')}
        ${parts.products(variant, 'rise', 'outputs', 'vd')}
      }
      ${parts.perRow('let offset', (r) => `offset(group, row${r}, key)`)}
      ${list(groups, (q) => `let e${q} = exp(s${q} * p.scale + offset${q} - l${q});`)}`;

const stagedQueries = (variant: parts.Variant) => `
${parts.staged(variant, 'queries')}
${parts.staged(variant, 'outputs')}`;

const stageQueries = (variant: parts.Variant) => `
  ${parts.stage(variant, 'queries', 'qkv', (token) => `inQkv(group, ${token}, 0u)`)}
  ${parts.stage(variant, 'outputs', 'dO', (token) => `inOutput(group, ${token})`)}`;

const rowValues = (name: string, from: string) => parts.perRow(`let ${name}`, (r) => `${from}[inHead(group, row${r})]`);

/** dQ, and δ for the others. */
export const gradientOfQ = (variant: parts.Variant): Shader =>
  parts.shader('dq', variant, () => {
    const { type, size } = parts.unitOf(variant);
    const each = parts.channelsOf(variant);
    const lanes = parts.lanesOf(variant);
    // Lanes that share a row's δ.
    const shares = lanes / rows;
    const product = size === 4 ? 'dot(dO[at + d], o[at + d])' : 'dO[at + d] * o[at + d]';
    return {
      inputs: { qkv: type, o: type, dO: type, lse: 'f32', ...parts.biasInputs(variant) },
      outputs: { dqkv: 'f32', delta: 'f32' },
      head: `${stagedQueries(variant)}
var<workgroup> ds: array<vec4f, ${lanes * groups}>;
var<workgroup> share: array<f32, ${lanes}>;`,
      body: parts.overBatch(`
  ${parts.rowTokens}
  ${parts.ownChannels(variant)}
  ${stageQueries(variant)}
  {
    let at = inOutput(group, min(first + lane / ${shares}u, p.tokens - 1u));
    var along = 0.0;
    for (var d = lane % ${shares}u; d < p.units; d += ${shares}u) { along += ${product}; }
    share[lane] = along;
  }
  workgroupBarrier();
  ${parts.perRow('let delta', (r) => list(shares, (i) => `share[${shares * r + i}]`, ' + '))}
  if (lane < ${rows}u && first + lane < p.tokens) {
    delta[inHead(group, first + lane)] = ${list(shares, (i) => `share[${shares}u * lane + ${i}u]`, ' + ')};
  }
  ${rowValues('l', 'lse')}
  ${parts.accumulators(variant, (e, q) => `var acc_${e}_${q} = vec4f();`)}
  for (var j0 = 0u; j0 < p.tokens; j0 += ${lanes}u) {
    let key = min(j0 + lane, p.tokens - 1u);
    ${probabilities(variant)}
    ${list(groups, (q) => `ds[lane * ${groups}u + ${q}u] = e${q} * rise${q} * p.scale;`)}
    workgroupBarrier();
    let end = min(p.tokens - j0, ${lanes}u);
    for (var j = 0u; j < end; j++) {
      let kAt = inQkv(group, j0 + j, 1u);
      ${list(groups, (q) => `let w${q} = ds[j * ${groups}u + ${q}u];`)}
      ${list(each, (e) => `let k${e} = ${parts.channelOf(variant, 'qkv', 'kAt', e)};`)}
      ${parts.accumulators(variant, (e, q) => `acc_${e}_${q} += w${q} * k${e};`)}
    }
    workgroupBarrier();
  }
  ${parts.storeChannels(variant, 'acc', 'dqkv', (token) => `inQkv(group, ${token}, 0u)`)}`),
    };
  });

/** dK and dV: the rows are keys, the columns queries. */
export const gradientOfKV = (variant: parts.Variant): Shader =>
  parts.shader('dkv', variant, () => {
    const { type } = parts.unitOf(variant);
    const each = parts.channelsOf(variant);
    const lanes = parts.lanesOf(variant);
    return {
      inputs: { qkv: type, dO: type, lse: 'f32', delta: 'f32', ...parts.biasInputs(variant) },
      outputs: { dqkv: 'f32' },
      head: `
${parts.staged(variant, 'keys')}
${parts.staged(variant, 'values')}
var<workgroup> weights: array<vec4f, ${lanes * groups}>;
var<workgroup> ds: array<vec4f, ${lanes * groups}>;`,
      body: parts.overBatch(`
  ${parts.rowTokens}
  ${parts.ownChannels(variant)}
  ${parts.stage(variant, 'keys', 'qkv', (token) => `inQkv(group, ${token}, 1u)`)}
  ${parts.stage(variant, 'values', 'qkv', (token) => `inQkv(group, ${token}, 2u)`)}
  workgroupBarrier();
  ${parts.accumulators(variant, (e, q) => `var dk_${e}_${q} = vec4f(); var dv_${e}_${q} = vec4f();`)}
  for (var i0 = 0u; i0 < p.tokens; i0 += ${lanes}u) {
    let query = min(i0 + lane, p.tokens - 1u);
      let qAt = inQkv(group, query, 0u);
      let oAt = inOutput(group, query);
      let l = lse[inHead(group, query)];
      ${list(groups, (q) => `var s${q} = vec4f(); var rise${q} = vec4f(-delta[inHead(group, query)]);`)}
      for (var d = 0u; d < p.units; d++) {
        let qd = qkv[qAt + d];
        let od = dO[oAt + d];
        ${parts.products(variant, 's', 'keys', 'qd')}
        ${parts.products(variant, 'rise', 'values', 'od')}
      }
      ${parts.perRow('let offset', (r) => `offset(group, query, row${r})`)}
      ${list(
        groups,
        (q) => `
      let e${q} = exp(s${q} * p.scale + offset${q} - l);
      weights[lane * ${groups}u + ${q}u] = e${q};
      ds[lane * ${groups}u + ${q}u] = e${q} * rise${q} * p.scale;`,
      )}
    workgroupBarrier();
    let end = min(p.tokens - i0, ${lanes}u);
    for (var i = 0u; i < end; i++) {
      let qAt = inQkv(group, i0 + i, 0u);
      let oAt = inOutput(group, i0 + i);
      ${list(groups, (q) => `let w${q} = weights[i * ${groups}u + ${q}u]; let d${q} = ds[i * ${groups}u + ${q}u];`)}
      ${list(each, (e) => `let q${e} = ${parts.channelOf(variant, 'qkv', 'qAt', e)}; let o${e} = ${parts.channelOf(variant, 'dO', 'oAt', e)};`)}
      ${parts.accumulators(variant, (e, q) => `dk_${e}_${q} += d${q} * q${e}; dv_${e}_${q} += w${q} * o${e};`)}
    }
    workgroupBarrier();
  }
  ${parts.storeChannels(variant, 'dk', 'dqkv', (token) => `inQkv(group, ${token}, 1u)`)}
  ${parts.storeChannels(variant, 'dv', 'dqkv', (token) => `inQkv(group, ${token}, 2u)`)}`),
    };
  });

/** dbias [heads, N, N], summed over the batch in its order: a lane has one key and 16 queries (y: head, z: 64 keys). */
export const gradientOfBias = (variant: parts.Variant): Shader =>
  parts.shader('dbias', variant, () => {
    const { type } = parts.unitOf(variant);
    const lanes = parts.lanesOf(variant);
    return {
      inputs: { qkv: type, dO: type, lse: 'f32', delta: 'f32', ...parts.biasInputs(variant) },
      outputs: { dbias: 'f32' },
      head: stagedQueries(variant),
      body: `
  ${parts.rowTokens}
  let column = group.z * ${lanes}u + lane;
  let key = min(column, p.tokens - 1u);
  let batches = arrayLength(&lse) / (p.heads * p.tokens);
  ${list(groups, (q) => `var acc${q} = vec4f();`)}
  for (var batch = 0u; batch < batches; batch++) {
    let group = vec3u(group.x, group.y, batch);
    workgroupBarrier();
    ${stageQueries(variant)}
    workgroupBarrier();
    ${rowValues('l', 'lse')}
    ${rowValues('delta', 'delta')}
    ${probabilities(variant)}
    ${list(groups, (q) => `acc${q} += e${q} * rise${q};`)}
  }
  ${list(rows, (r) => `if (first + ${r}u < p.tokens && column < p.tokens) { dbias[(group.y * p.tokens + first + ${r}u) * p.tokens + key] = acc${r >> 2}.${'xyzw'[r % 4]}; }`)}`,
    };
  });
