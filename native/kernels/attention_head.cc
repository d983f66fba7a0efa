// The forward pass and the pullback of one head: see attention_head.h.

#include "attention_head.h"

#include <algorithm>
#include <vector>

#include "product.h"
#include "vector.h"

namespace dr2net {
namespace {

// Queries at a time: whole panels, and scores of a few hundred tokens that stay in the second cache.
constexpr int64_t kQueries = 96;

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

// d ← p∘(d − rowsum(d∘p))
DR2NET_AVX void SoftmaxGradient(const float* p, float* d, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; r++, p += width, d += width) {
    __m256 sum = _mm256_setzero_ps();
    EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
      sum = _mm256_fmadd_ps(_mm256_maskload_ps(p + i, mask), _mm256_maskload_ps(d + i, mask), sum);
    });
    const __m256 along = Splat(Total(sum));
    EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
      const __m256 centred = _mm256_sub_ps(_mm256_maskload_ps(d + i, mask), along);
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

// to ← x, or to + x
DR2NET_AVX void SumInto(const float* x, int64_t size, bool begins, float* to) {
  EachVector(size, [&](int64_t i, __m256i mask) DR2NET_AVX {
    const __m256 value = _mm256_maskload_ps(x + i, mask);
    _mm256_maskstore_ps(to + i, mask, begins ? value : _mm256_add_ps(_mm256_maskload_ps(to + i, mask), value));
  });
}

// The probabilities of `now` queries from number `from` on, from packed keys.
void Probabilities(const Matrix& queries, const float* keys, const AttentionSizes& s, const ScoreTerms& terms,
                   int64_t from, int64_t now, float* scores) {
  const int64_t n = s.tokens;
  Multiply(queries, keys, now, n, s.width, scores, n, false);
  for (const float* term : {terms.bias, terms.mask})
    if (term != nullptr) SumInto(term + from * n, now * n, false, scores);
  Softmax(scores, now, n);
}

}  // namespace

void HeadForward(const AttentionSizes& s, const float* qkv, const ScoreTerms& terms, float* to) {
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
    Probabilities({q + from * packed, packed, 1}, keys, s, terms, from, now, scores);
    Multiply({scores, n, 1}, values, now, d, n, to + from * out, out, false);
  }
}

void HeadGradient(const AttentionSizes& s, const float* qkv, const float* dy, const ScoreTerms& terms, const BiasSum& sum,
                  float* to) {
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
  PackColumns({k, packed, 1}, n, d, s.scale, keyRows);
  for (int64_t from = 0; from < n; from += together) {
    const int64_t now = std::min(together, n - from);
    const Matrix queries = {q + from * packed, packed, 1};
    const Matrix slope = {dy + from * out, out, 1};
    Probabilities(queries, keys, s, terms, from, now, scores);
    Multiply(slope, values, now, n, d, slopes, n, false);
    // Sums over queries: the first block begins them, the others add to them.
    PackColumns(slope, now, d, 1, right);
    Multiply({scores, 1, n}, right, n, d, now, to + 2 * out, packed, from > 0);
    SoftmaxGradient(scores, slopes, now, n);
    if (sum.to != nullptr) SumInto(slopes, now * n, sum.begins, sum.to + from * n);
    Multiply({slopes, n, 1}, keyRows, now, d, n, to + from * packed, packed, false);
    PackColumns(queries, now, d, s.scale, right);
    Multiply({slopes, 1, n}, right, n, d, now, to + out, packed, from > 0);
  }
}

AttentionSizes AttentionSizesOf(Execution& run, int numbers, int64_t size) {
  const auto shape = run.Shape(0);
  const float* given = run.Input<float>(numbers, size);
  if (!run.ok()) return {};
  const int64_t heads = static_cast<int64_t>(given[0]);
  if (shape.size() != 3 || heads < 1 || shape[2] % (3 * heads) != 0) {
    run.Refuse("qkv is not [batch, tokens, 3·heads·width]");
    return {};
  }
  return {shape[0], shape[1], heads, shape[2] / 3 / heads, given[1]};
}

}  // namespace dr2net
