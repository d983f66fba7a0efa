// Tiles of 6 × 16 numbers in AVX2: twelve registers of sums.

#include <immintrin.h>

#include "tile.h"

namespace dr2net {
namespace {

constexpr int kRows = 6;
constexpr int kLanes = 8;

template <bool kTurned>
__attribute__((target("avx2,fma"))) void Multiply(const float* a, int64_t astride, const float* b, int64_t inner, float* to,
                                            int64_t stride, bool add) {
  __m256 c[kRows][2];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; r++) c[r][0] = c[r][1] = _mm256_setzero_ps();
  // Addresses by few registers: every third row's, and the stride.
  const float* row[kRows / 3];
#pragma GCC unroll 2
  for (int i = 0; i < kRows / 3; i++) row[i] = a + 3 * i * astride;
  for (int64_t k = 0; k < inner; k++, b += 2 * kLanes) {
    const __m256 b0 = _mm256_loadu_ps(b);
    const __m256 b1 = _mm256_loadu_ps(b + kLanes);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; r++) {
      const __m256 s = _mm256_set1_ps(*(kTurned ? a + r : row[r / 3] + r % 3 * astride));
      c[r][0] = _mm256_fmadd_ps(s, b0, c[r][0]);
      c[r][1] = _mm256_fmadd_ps(s, b1, c[r][1]);
    }
    if (kTurned) {
      a += astride;
    } else {
#pragma GCC unroll 2
      for (int i = 0; i < kRows / 3; i++) row[i]++;
    }
  }
  if (add) {
#pragma GCC unroll 6
    for (int r = 0; r < kRows; r++) {
      c[r][0] = _mm256_add_ps(c[r][0], _mm256_loadu_ps(to + r * stride));
      c[r][1] = _mm256_add_ps(c[r][1], _mm256_loadu_ps(to + r * stride + kLanes));
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRows; r++) {
    _mm256_storeu_ps(to + r * stride, c[r][0]);
    _mm256_storeu_ps(to + r * stride + kLanes, c[r][1]);
  }
}

}  // namespace

const Tiles kTilesOfEight = {kRows, 2 * kLanes, Multiply<false>, Multiply<true>};

}  // namespace dr2net
