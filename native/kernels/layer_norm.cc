// Layer normalisation and its gradient, one pass over the rows each. The mean is corrected by the sum of what is left over, so that rows
// far from zero keep their digits; sums over rows are made of sums over blocks of 64 rows, in one order whoever makes them.

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernel.h"
#include "threads.h"
#include "vector.h"

namespace dr2net {
namespace {

constexpr int64_t kRows = 64;

struct Statistics {
  float mean;
  // 1/√(var + ε)
  float r;
};

DR2NET_AVX Statistics StatisticsOf(const float* x, int64_t width, float epsilon) {
  __m256 sum = _mm256_setzero_ps();
  EachVector(width,
             [&](int64_t i, __m256i mask) DR2NET_AVX { sum = _mm256_add_ps(sum, _mm256_maskload_ps(x + i, mask)); });
  const float first = Total(sum) / static_cast<float>(width);
  const __m256 mean = Splat(first);
  __m256 rest = _mm256_setzero_ps(), squares = _mm256_setzero_ps();
  EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
    const __m256 centred = _mm256_sub_ps(_mm256_maskload_ps(x + i, mask), mean);
    const __m256 d = _mm256_and_ps(centred, _mm256_castsi256_ps(mask));
    rest = _mm256_add_ps(rest, d);
    squares = _mm256_fmadd_ps(d, d, squares);
  });
  const double correction = static_cast<double>(Total(rest)) / static_cast<double>(width);
  const double square = static_cast<double>(Total(squares)) / static_cast<double>(width);
  const double variance = square - correction * correction;
  return {static_cast<float>(first + correction),
          static_cast<float>(1 / std::sqrt((variance < 0 ? 0 : variance) + static_cast<double>(epsilon)))};
}

DR2NET_AVX void ForwardRow(const float* x, const float* gain, const float* bias, int64_t width, float epsilon,
                           float* y) {
  const Statistics s = StatisticsOf(x, width, epsilon);
  EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
    const __m256 hat = _mm256_mul_ps(_mm256_sub_ps(_mm256_maskload_ps(x + i, mask), Splat(s.mean)), Splat(s.r));
    const __m256 g = _mm256_maskload_ps(gain + i, mask), b = _mm256_maskload_ps(bias + i, mask);
    _mm256_maskstore_ps(y + i, mask, _mm256_fmadd_ps(hat, g, b));
  });
}

// dx = r·(dy·gain − mean(dy·gain) − x̂·mean(dy·gain·x̂)); dGain += dy∘x̂, dBias += dy.
DR2NET_AVX void GradientRow(const float* x, const float* gain, const float* dy, int64_t width, float epsilon,
                            float* dx, float* dGain, float* dBias) {
  const Statistics s = StatisticsOf(x, width, epsilon);
  const __m256 mean = Splat(s.mean), r = Splat(s.r);
  __m256 sum = _mm256_setzero_ps(), along = _mm256_setzero_ps();
  EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
    const __m256 d = _mm256_maskload_ps(dy + i, mask), g = _mm256_maskload_ps(gain + i, mask);
    const __m256 hat = _mm256_mul_ps(_mm256_sub_ps(_mm256_maskload_ps(x + i, mask), mean), r);
    const __m256 dHat = _mm256_mul_ps(d, hat);
    _mm256_maskstore_ps(dGain + i, mask, _mm256_add_ps(_mm256_maskload_ps(dGain + i, mask), dHat));
    _mm256_maskstore_ps(dBias + i, mask, _mm256_add_ps(_mm256_maskload_ps(dBias + i, mask), d));
    sum = _mm256_fmadd_ps(d, g, sum);
    along = _mm256_fmadd_ps(dHat, g, along);
  });
  const float count = static_cast<float>(width);
  const __m256 offset = Splat(Total(sum) / count), slope = Splat(Total(along) / count);
  EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
    const __m256 d = _mm256_maskload_ps(dy + i, mask), g = _mm256_maskload_ps(gain + i, mask);
    const __m256 hat = _mm256_mul_ps(_mm256_sub_ps(_mm256_maskload_ps(x + i, mask), mean), r);
    const __m256 centred = _mm256_sub_ps(_mm256_mul_ps(d, g), offset);
    _mm256_maskstore_ps(dx + i, mask, _mm256_mul_ps(_mm256_fnmadd_ps(hat, slope, centred), r));
  });
}

void Forward(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const auto shape = run.Shape(0);
  const int64_t size = Execution::Size(shape), width = shape.empty() ? 1 : shape.back();
  const float* x = run.Input<float>(0, size);
  const float* gain = run.Input<float>(1, width);
  const float* bias = run.Input<float>(2, width);
  const float* epsilon = run.Input<float>(3, 1);
  float* y = run.Output<float>(0, shape);
  if (!run.ok() || size == 0) return;
  const int64_t rows = size / width;
  Parallel((rows + kRows - 1) / kRows, [&](int64_t block) {
    for (int64_t row = block * kRows; row < std::min(rows, (block + 1) * kRows); row++)
      ForwardRow(x + row * width, gain, bias, width, *epsilon, y + row * width);
  });
}

void Gradient(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const auto shape = run.Shape(0);
  const int64_t size = Execution::Size(shape), width = shape.empty() ? 1 : shape.back();
  const float* x = run.Input<float>(0, size);
  const float* gain = run.Input<float>(1, width);
  const float* dy = run.Input<float>(2, size);
  const float* epsilon = run.Input<float>(3, 1);
  float* dx = run.Output<float>(0, shape);
  float* dGain = run.Output<float>(1, {width});
  float* dBias = run.Output<float>(2, {width});
  if (!run.ok()) return;
  std::fill_n(dGain, width, 0.0f);
  std::fill_n(dBias, width, 0.0f);
  if (size == 0) return;
  const int64_t rows = size / width, blocks = (rows + kRows - 1) / kRows;
  std::vector<float> sums(2 * blocks * width);
  Parallel(blocks, [&](int64_t block) {
    float* own = sums.data() + 2 * block * width;
    for (int64_t row = block * kRows; row < std::min(rows, (block + 1) * kRows); row++)
      GradientRow(x + row * width, gain, dy + row * width, width, *epsilon, dx + row * width, own, own + width);
  });
  for (int64_t block = 0; block < blocks; block++)
    for (int64_t c = 0; c < width; c++) {
      dGain[c] += sums[2 * block * width + c];
      dBias[c] += sums[(2 * block + 1) * width + c];
    }
}

}  // namespace

std::vector<Operation> LayerNormOperations() {
  return {
      {"Dr2netLayerNorm", {"x: float", "gain: float", "bias: float", "epsilon: float"}, {"y: float"}, Forward},
      {"Dr2netLayerNormGradient",
       {"x: float", "gain: float", "dy: float", "epsilon: float"},
       {"dx: float", "dgain: float", "dbias: float"},
       Gradient},
  };
}

}  // namespace dr2net
