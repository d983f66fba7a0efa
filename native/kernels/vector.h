// Eight floats at a time (AVX2 with FMA): exp, the normal distribution, sums. The approximations are those of packages/ops/simd/math.ts.

#pragma once

#include <immintrin.h>

#include <cstdint>

#define DR2NET_AVX __attribute__((target("avx2,fma")))
#define DR2NET_AVX_INLINE __attribute__((target("avx2,fma"), always_inline)) inline

namespace dr2net {

// Whether this processor runs what is marked DR2NET_AVX.
inline bool HasVectors() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

DR2NET_AVX_INLINE __m256 Splat(float value) { return _mm256_set1_ps(value); }

DR2NET_AVX_INLINE float Total(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// The lanes below `count` of a vector at the end of a row.
DR2NET_AVX_INLINE __m256i TailMask(int64_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// `width` floats eight at a time: body(offset, mask), all lanes set but in the last vector.
template <typename Body>
DR2NET_AVX_INLINE void EachVector(int64_t width, Body body) {
  const __m256i all = _mm256_set1_epi32(-1);
  int64_t i = 0;
  for (; i + 8 <= width; i += 8) body(i, all);
  if (i < width) body(i, TailMask(width - i));
}

// e^x within 2 units in the last place (Cephes' expf); 0 below −80; NaN for NaN.
DR2NET_AVX_INLINE __m256 Exp(__m256 x) {
  const __m256 least = Splat(-80.0f);
  const __m256 v = _mm256_max_ps(least, _mm256_min_ps(Splat(88.37626f), x));
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(v, Splat(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, Splat(0.693359375f), v);
  r = _mm256_fnmadd_ps(n, Splat(-2.12194440e-4f), r);
  __m256 y = Splat(1.9875691500e-4f);
  y = _mm256_fmadd_ps(y, r, Splat(1.3981999507e-3f));
  y = _mm256_fmadd_ps(y, r, Splat(8.3334519073e-3f));
  y = _mm256_fmadd_ps(y, r, Splat(4.1665795894e-2f));
  y = _mm256_fmadd_ps(y, r, Splat(1.6666665459e-1f));
  y = _mm256_fmadd_ps(y, r, Splat(5.0000001201e-1f));
  y = _mm256_add_ps(_mm256_fmadd_ps(_mm256_mul_ps(y, r), r, r), Splat(1.0f));
  const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  y = _mm256_mul_ps(y, _mm256_castsi256_ps(power));
  y = _mm256_andnot_ps(_mm256_cmp_ps(x, least, _CMP_LT_OQ), y);
  return _mm256_blendv_ps(y, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

// φ(x), the standard normal density.
DR2NET_AVX_INLINE __m256 Density(__m256 x) {
  return _mm256_mul_ps(Exp(_mm256_mul_ps(_mm256_mul_ps(x, x), Splat(-0.5f))), Splat(0.3989422804f));
}

// Φ(x) from φ(x): Φ(−|x|) = φ(x)·t·P(t), t = 1/(1 + 0.46·|x|), to 2.4e-7 relative.
DR2NET_AVX_INLINE __m256 Normal(__m256 x, __m256 density) {
  const __m256 one = Splat(1.0f);
  const __m256 size = _mm256_andnot_ps(Splat(-0.0f), x);
  const __m256 t = _mm256_div_ps(one, _mm256_fmadd_ps(size, Splat(0.46f), one));
  __m256 p = Splat(0.1091682296f);
  p = _mm256_fmadd_ps(p, t, Splat(-0.6145657284f));
  p = _mm256_fmadd_ps(p, t, Splat(1.389794871f));
  p = _mm256_fmadd_ps(p, t, Splat(-1.47371083f));
  p = _mm256_fmadd_ps(p, t, Splat(0.5391801905f));
  p = _mm256_fmadd_ps(p, t, Splat(-0.007450217773f));
  p = _mm256_fmadd_ps(p, t, Splat(0.3938693132f));
  p = _mm256_fmadd_ps(p, t, Splat(0.4568961952f));
  p = _mm256_fmadd_ps(p, t, Splat(0.4601321462f));
  const __m256 tail = _mm256_mul_ps(_mm256_mul_ps(p, t), density);
  return _mm256_blendv_ps(tail, _mm256_sub_ps(one, tail), _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ));
}

}  // namespace dr2net
