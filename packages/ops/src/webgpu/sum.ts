/** Sums over a workgroup, in a fixed order: no float atomics, so the same bits every time. */

/** Lanes of the workgroups that sum. */
export const lanes = 64;

/** `total(lane, x)`: Σ x over the lanes, for every lane; called by all of them together. */
export const total = `
var<workgroup> parts: array<f32, ${lanes}>;
fn total(lane: u32, x: f32) -> f32 {
  parts[lane] = x;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < ${lanes}u; i++) { sum += parts[i]; }
  workgroupBarrier();
  return sum;
}`;
