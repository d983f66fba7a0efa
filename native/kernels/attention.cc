// Attention and its gradient: one head a thread, a block of queries at a time, operands and results where the packed projection has
// them. The scores of one block against all keys are the most that a thread holds, so memory is linear in tokens. In the gradient the
// probabilities are made again; with P = softmax(s·QKᵀ): dV = PᵀdO, dP = dO·Vᵀ, dS = P∘(dP − rowsum(dP∘P)), dQ = s·dS·K, dK = s·dSᵀQ.

#include <algorithm>
#include <vector>

#include "kernel.h"
#include "product.h"
#include "threads.h"
#include "vector.h"

namespace dr2net {
namespace {

// Queries at a time: whole panels, and scores of a few hundred tokens that stay in the second cache.
constexpr int64_t kQueries = 96;

struct Sizes {
  int64_t batch, tokens, heads, width;
  float scale;
};

// Rows of scores become their softmax, in place.
DR2NET_AVX void Softmax(float* scores, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; r++, scores += width) {
    __m256 most = Splat(-__builtin_inff());
    EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
      const __m256 v = _mm256_maskload_ps(scores + i, mask);
      most = _mm256_blendv_ps(most, _mm256_max_ps(most, v), _mm256_castsi256_ps(mask));
    });
    float lanes[8];
    _mm256_storeu_ps(lanes, most);
    const __m256 largest = Splat(*std::max_element(lanes, lanes + 8));
    __m256 sum = _mm256_setzero_ps();
    EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
      const __m256 e = Exp(_mm256_sub_ps(_mm256_maskload_ps(scores + i, mask), largest));
      _mm256_maskstore_ps(scores + i, mask, e);
      sum = _mm256_add_ps(sum, _mm256_and_ps(e, _mm256_castsi256_ps(mask)));
    });
    const __m256 factor = Splat(1.0f / Total(sum));
    EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
      _mm256_maskstore_ps(scores + i, mask, _mm256_mul_ps(_mm256_maskload_ps(scores + i, mask), factor));
    });
  }
}

// d ← scale·p∘(d − rowsum(d∘p))
DR2NET_AVX void SoftmaxGradient(const float* p, float* d, int64_t rows, int64_t width, float scale) {
  for (int64_t r = 0; r < rows; r++, p += width, d += width) {
    __m256 sum = _mm256_setzero_ps();
    EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
      sum = _mm256_fmadd_ps(_mm256_maskload_ps(p + i, mask), _mm256_maskload_ps(d + i, mask), sum);
    });
    const __m256 along = Splat(Total(sum));
    EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
      const __m256 centred = _mm256_mul_ps(_mm256_sub_ps(_mm256_maskload_ps(d + i, mask), along), Splat(scale));
      _mm256_maskstore_ps(d + i, mask, _mm256_mul_ps(_mm256_maskload_ps(p + i, mask), centred));
    });
  }
}

// What a thread works in; it stays with the thread.
float* Room(int64_t floats) {
  thread_local std::vector<float> room;
  if (static_cast<int64_t>(room.size()) < floats) room.resize(floats);
  return room.data();
}

void HeadForward(const Sizes& s, const float* qkv, float* to) {
  const int64_t n = s.tokens, d = s.width, out = s.heads * d, packed = 3 * out;
  const float *q = qkv, *k = q + out, *v = k + out;
  const int64_t together = std::min(kQueries, n);
  float* keys = Room(PackedColumns(n, d) + PackedColumns(d, n) + together * n);
  float* values = keys + PackedColumns(n, d);
  float* scores = values + PackedColumns(d, n);
  PackColumns({k, 1, packed}, d, n, s.scale, keys);
  PackColumns({v, packed, 1}, n, d, 1, values);
  for (int64_t from = 0; from < n; from += together) {
    const int64_t now = std::min(together, n - from);
    Multiply({q + from * packed, packed, 1}, keys, now, n, d, scores, n, false);
    Softmax(scores, now, n);
    Multiply({scores, n, 1}, values, now, d, n, to + from * out, out, false);
  }
}

void HeadGradient(const Sizes& s, const float* qkv, const float* dy, float* to) {
  const int64_t n = s.tokens, d = s.width, out = s.heads * d, packed = 3 * out;
  const float *q = qkv, *k = q + out, *v = k + out;
  const int64_t together = std::min(kQueries, n);
  const int64_t wide = PackedColumns(n, d), tall = PackedColumns(d, n);
  float* keys = Room(2 * wide + tall + PackedColumns(d, together) + 2 * together * n);
  float* values = keys + wide;
  float* keyRows = values + wide;
  float* right = keyRows + tall;
  float* scores = right + PackedColumns(d, together);
  float* slopes = scores + together * n;
  PackColumns({k, 1, packed}, d, n, s.scale, keys);
  PackColumns({v, 1, packed}, d, n, 1, values);
  PackColumns({k, packed, 1}, n, d, 1, keyRows);
  for (int64_t from = 0; from < n; from += together) {
    const int64_t now = std::min(together, n - from);
    const Matrix queries = {q + from * packed, packed, 1};
    const Matrix slope = {dy + from * out, out, 1};
    Multiply(queries, keys, now, n, d, scores, n, false);
    Softmax(scores, now, n);
    Multiply(slope, values, now, n, d, slopes, n, false);
    // Sums over queries: the first block begins them, the others add to them.
    PackColumns(slope, now, d, 1, right);
    Multiply({scores, 1, n}, right, n, d, now, to + 2 * out, packed, from > 0);
    SoftmaxGradient(scores, slopes, now, n, s.scale);
    Multiply({slopes, n, 1}, keyRows, now, d, n, to + from * packed, packed, false);
    PackColumns(queries, now, d, 1, right);
    Multiply({slopes, 1, n}, right, n, d, now, to + out, packed, from > 0);
  }
}

// The sizes of qkv [batch, tokens, 3·heads·width]; numbers [heads, scale] are the last input.
Sizes SizesOf(Execution& run, int numbers) {
  const auto shape = run.Shape(0);
  const float* given = run.Input<float>(numbers, 2);
  if (!run.ok()) return {};
  const int64_t heads = static_cast<int64_t>(given[0]);
  if (shape.size() != 3 || heads < 1 || shape[2] % (3 * heads) != 0) {
    run.Refuse("qkv is not [batch, tokens, 3·heads·width]");
    return {};
  }
  return {shape[0], shape[1], heads, shape[2] / 3 / heads, given[1]};
}

void Forward(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const Sizes s = SizesOf(run, 1);
  const int64_t out = s.heads * s.width;
  const float* qkv = run.Input<float>(0, s.batch * s.tokens * 3 * out);
  float* to = run.Output<float>(0, {s.batch, s.tokens, out});
  if (!run.ok()) return;
  Parallel(s.batch * s.heads, [&](int64_t unit) {
    const int64_t row = unit / s.heads * s.tokens, head = unit % s.heads * s.width;
    HeadForward(s, qkv + row * 3 * out + head, to + row * out + head);
  });
}

void Gradient(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const Sizes s = SizesOf(run, 2);
  const int64_t out = s.heads * s.width;
  const float* qkv = run.Input<float>(0, s.batch * s.tokens * 3 * out);
  const float* dy = run.Input<float>(1, s.batch * s.tokens * out);
  float* to = run.Output<float>(0, {s.batch, s.tokens, 3 * out});
  if (!run.ok()) return;
  Parallel(s.batch * s.heads, [&](int64_t unit) {
    const int64_t row = unit / s.heads * s.tokens, head = unit % s.heads * s.width;
    HeadGradient(s, qkv + row * 3 * out + head, dy + row * out + head, to + row * 3 * out + head);
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
