// GELU, z·Φ(z), and its slope Φ(z) + z·φ(z), one pass each. In a graph the results take the places of the operands.

#include <algorithm>

#include "kernel.h"
#include "threads.h"
#include "vector.h"

namespace dr2net {
namespace {

// Numbers a part: some 100 µs of work.
constexpr int64_t kPart = 65536;

void InParts(int64_t size, const std::function<void(int64_t, int64_t)>& body) {
  Parallel((size + kPart - 1) / kPart,
           [&](int64_t part) { body(part * kPart, std::min(kPart, size - part * kPart)); });
}

DR2NET_AVX void Values(const float* z, float* y, int64_t size) {
  EachVector(size, [&](int64_t i, __m256i mask) DR2NET_AVX {
    const __m256 v = _mm256_maskload_ps(z + i, mask);
    _mm256_maskstore_ps(y + i, mask, _mm256_mul_ps(v, Normal(v, Density(v))));
  });
}

DR2NET_AVX void ValuesAndSlopes(const float* z, float* y, float* slope, int64_t size) {
  EachVector(size, [&](int64_t i, __m256i mask) DR2NET_AVX {
    const __m256 v = _mm256_maskload_ps(z + i, mask);
    const __m256 density = Density(v), normal = Normal(v, density);
    _mm256_maskstore_ps(y + i, mask, _mm256_mul_ps(v, normal));
    _mm256_maskstore_ps(slope + i, mask, _mm256_fmadd_ps(v, density, normal));
  });
}

void Gelu(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const auto shape = run.Shape(0);
  const int64_t size = Execution::Size(shape);
  float* y = run.OutputInPlaceOf(0, 0, shape);
  const float* z = run.Input<float>(0, size);
  if (!run.ok()) return;
  InParts(size, [&](int64_t from, int64_t count) { Values(z + from, y + from, count); });
}

void GeluWithSlope(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const auto shape = run.Shape(0);
  const int64_t size = Execution::Size(shape);
  float* slope = run.OutputInPlaceOf(1, 0, shape);
  float* y = run.Output<float>(0, shape);
  const float* z = run.Input<float>(0, size);
  if (!run.ok()) return;
  InParts(size,
          [&](int64_t from, int64_t count) { ValuesAndSlopes(z + from, y + from, slope + from, count); });
}

}  // namespace

std::vector<Operation> GeluOperations() {
  return {
      {"Dr2netGelu", {"z: float"}, {"y: float"}, Gelu},
      {"Dr2netGeluWithSlope", {"z: float"}, {"y: float", "slope: float"}, GeluWithSlope},
  };
}

}  // namespace dr2net
