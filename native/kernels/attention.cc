// Attention and its gradient on packed qkv: one head a thread (attention_head.h).

#include "attention_head.h"
#include "kernel.h"
#include "threads.h"

namespace dr2net {
namespace {

void Forward(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const AttentionSizes s = AttentionSizesOf(run, 1, 2);
  const int64_t out = s.heads * s.width;
  const float* qkv = run.Input<float>(0, s.batch * s.tokens * 3 * out);
  float* to = run.Output<float>(0, {s.batch, s.tokens, out});
  if (!run.ok()) return;
  Parallel(s.batch * s.heads, [&](int64_t unit) {
    const int64_t row = unit / s.heads * s.tokens, head = unit % s.heads * s.width;
    HeadForward(s, qkv + row * 3 * out + head, {}, to + row * out + head);
  });
}

void Gradient(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const AttentionSizes s = AttentionSizesOf(run, 2, 2);
  const int64_t out = s.heads * s.width;
  const float* qkv = run.Input<float>(0, s.batch * s.tokens * 3 * out);
  const float* dy = run.Input<float>(1, s.batch * s.tokens * out);
  float* to = run.Output<float>(0, {s.batch, s.tokens, 3 * out});
  if (!run.ok()) return;
  Parallel(s.batch * s.heads, [&](int64_t unit) {
    const int64_t row = unit / s.heads * s.tokens, head = unit % s.heads * s.width;
    HeadGradient(s, qkv + row * 3 * out + head, dy + row * out + head, {}, {}, to + row * 3 * out + head);
  });
}

}  // namespace

std::vector<Operation> AttentionOperations() {
  return {
      {"Dr2netAttention", {"qkv: float", "numbers: float"}, {"value: float"}, Forward},
      {"Dr2netAttentionGradient", {"qkv: float", "dy: float", "numbers: float"}, {"dqkv: float"}, Gradient},
  };
}

}  // namespace dr2net
