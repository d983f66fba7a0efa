// Tiles of 12 × 32 numbers in AVX-512: twenty-four registers of sums.

#include <immintrin.h>

#include "tile.h"

namespace dr2net {
namespace {

constexpr int kRows = 12;
constexpr int kLanes = 16;

template <bool kTurned>
__attribute__((target("avx512f"))) void Multiply(const float* a, int64_t astride, const float* b, int64_t inner, float* to,
                                           int64_t stride, bool add) {
  __m512 c[kRows][2];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; r++) c[r][0] = c[r][1] = _mm512_setzero_ps();
  // Addresses by few registers: every third row's, and the stride.
  const float* row[kRows / 3];
#pragma GCC unroll 4
  for (int i = 0; i < kRows / 3; i++) row[i] = a + 3 * i * astride;
  for (int64_t k = 0; k < inner; k++, b += 2 * kLanes) {
    const __m512 b0 = _mm512_loadu_ps(b);
    const __m512 b1 = _mm512_loadu_ps(b + kLanes);
#pragma GCC unroll 12
    for (int r = 0; r < kRows; r++) {
      const __m512 s = _mm512_set1_ps(*(kTurned ? a + r : row[r / 3] + r % 3 * astride));
      c[r][0] = _mm512_fmadd_ps(s, b0, c[r][0]);
      c[r][1] = _mm512_fmadd_ps(s, b1, c[r][1]);
    }
    if (kTurned) {
      a += astride;
    } else {
#pragma GCC unroll 4
      for (int i = 0; i < kRows / 3; i++) row[i]++;
    }
  }
  if (add) {
#pragma GCC unroll 12
    for (int r = 0; r < kRows; r++) {
      c[r][0] = _mm512_add_ps(c[r][0], _mm512_loadu_ps(to + r * stride));
      c[r][1] = _mm512_add_ps(c[r][1], _mm512_loadu_ps(to + r * stride + kLanes));
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; r++) {
    _mm512_storeu_ps(to + r * stride, c[r][0]);
    _mm512_storeu_ps(to + r * stride + kLanes, c[r][1]);
  }
}

}  // namespace

const Tiles kTilesOfSixteen = {kRows, 2 * kLanes, Multiply<false>, Multiply<true>};

}  // namespace dr2net
