// Attention inside windows: scores begin with a bias a head and a mask a window (attention_head.h). The bias's gradient is a sum over
// windows; several sums run side by side, how many depends on the sizes alone, and are added up in order: the same bits on any threads.

#include <algorithm>

#include "attention_head.h"
#include "kernel.h"
#include "threads.h"

namespace dr2net {
namespace {

// Pieces of work that the pullback is cut into where there are as many, and floats that further sums of the bias's gradient may take.
constexpr int64_t kPieces = 24;
constexpr int64_t kSums = 1 << 19;

// Inputs that both have, and how one window and head finds its own.
struct Windows {
  AttentionSizes s;
  int64_t masks;
  const float *qkv, *bias, *mask;

  int64_t Channels() const { return s.heads * s.width; }
  // Floats of the outputs before a window's head.
  int64_t Place(int64_t window, int64_t head) const { return window * s.tokens * Channels() + head * s.width; }
  int64_t PackedPlace(int64_t window, int64_t head) const { return window * s.tokens * 3 * Channels() + head * s.width; }
  ScoreTerms Terms(int64_t window, int64_t head) const {
    const int64_t square = s.tokens * s.tokens;
    return {bias + head * square, masks > 0 ? mask + window % masks * square : nullptr};
  }
};

// Inputs qkv [windows, N, 3·heads·width], bias [heads, N, N] and mask [masks, N, N]; without a mask `masks` is 0.
Windows WindowsOf(Execution& run, int numbers, int64_t size) {
  Windows w = {AttentionSizesOf(run, numbers, size)};
  const auto shape = run.Shape(2);
  if (!run.ok()) return w;
  const int64_t square = w.s.tokens * w.s.tokens;
  if (shape.size() != 3) run.Refuse("mask is not [masks, tokens, tokens]");
  w.masks = shape.empty() ? 0 : shape[0];
  w.qkv = run.Input<float>(0, w.s.batch * w.s.tokens * 3 * w.Channels());
  w.bias = run.Input<float>(1, w.s.heads * square);
  w.mask = run.Input<float>(2, w.masks * square);
  return w;
}

void Forward(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const Windows w = WindowsOf(run, 3, 2);
  float* to = run.Output<float>(0, {w.s.batch, w.s.tokens, w.Channels()});
  if (!run.ok()) return;
  Parallel(w.s.batch * w.s.heads, [&](int64_t unit) {
    const int64_t window = unit / w.s.heads, head = unit % w.s.heads;
    HeadForward(w.s, w.qkv + w.PackedPlace(window, head), w.Terms(window, head), to + w.Place(window, head));
  });
}

void Gradient(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const Windows w = WindowsOf(run, 4, 3);
  const int64_t batch = w.s.batch, tokens = w.s.tokens, heads = w.s.heads;
  const float* dy = run.Input<float>(3, batch * tokens * w.Channels());
  const float* numbers = run.Input<float>(4, 3);
  const bool wants_bias = run.ok() && numbers[2] != 0;
  float* to = run.Output<float>(0, {batch, tokens, 3 * w.Channels()});
  const int64_t sum = wants_bias ? heads * tokens * tokens : 0;
  float* to_bias = wants_bias ? run.Output<float>(1, {heads, tokens, tokens}) : run.Output<float>(1, {0});
  // Windows in groups, a sum each: the first one's is the output, those of the others lie beside it.
  const int64_t most = wants_bias ? std::min((kPieces + heads - 1) / heads, 1 + kSums / std::max<int64_t>(1, sum)) : batch;
  const int64_t groups = std::max<int64_t>(1, std::min(batch, most));
  float* sums = wants_bias && groups > 1 ? run.Temporary((groups - 1) * sum) : nullptr;
  if (!run.ok()) return;
  if (wants_bias && batch == 0) std::fill_n(to_bias, sum, 0.0f);
  Parallel(groups * heads, [&](int64_t piece) {
    const int64_t group = piece / heads, head = piece % heads;
    const int64_t first = group * batch / groups, end = (group + 1) * batch / groups;
    float* all = group == 0 ? to_bias : sums + (group - 1) * sum;
    float* own = wants_bias ? all + head * tokens * tokens : nullptr;
    for (int64_t window = first; window < end; window++)
      HeadGradient(w.s, w.qkv + w.PackedPlace(window, head), dy + w.Place(window, head), w.Terms(window, head),
                   {own, window == first}, to + w.PackedPlace(window, head));
  });
  for (int64_t group = 1; wants_bias && group < groups; group++)
    for (int64_t i = 0; i < sum; i++) to_bias[i] += sums[(group - 1) * sum + i];
}

}  // namespace

std::vector<Operation> WindowAttentionOperations() {
  return {
      {"Dr2netWindowAttention",
       {"qkv: float", "bias: float", "mask: float", "numbers: float"},
       {"value: float"},
       Forward},
      {"Dr2netWindowAttentionGradient",
       {"qkv: float", "bias: float", "mask: float", "dy: float", "numbers: float"},
       {"dqkv: float", "dbias: float"},
       Gradient},
  };
}

}  // namespace dr2net
