// The recurrence of Dr2Net (arXiv 2401.04105, section 3) and its inverse in float32, one pass over the states each.
//
// The order of the operations is that of the composed TensorFlow.js operations in packages/ops/src/dual-residual, and
// nothing is contracted, so that the results have the same bits.

#include "kernel.h"

namespace dr2net {
namespace {

// next = β·previous + (α·x + f); what a coefficient of 0 leaves out is not read.
DR2NET_SIMD void UpdateLoop(const float* __restrict f, const float* __restrict x, const float* __restrict previous,
                            float alpha, float beta, float* __restrict next, int64_t size) {
  if (alpha == 0) {
    for (int64_t i = 0; i < size; i++) next[i] = beta * previous[i] + f[i];
  } else if (beta == 0) {
    for (int64_t i = 0; i < size; i++) next[i] = alpha * x[i] + f[i];
  } else {
    for (int64_t i = 0; i < size; i++) next[i] = beta * previous[i] + (alpha * x[i] + f[i]);
  }
}

// previous = (next − f − α·x)/β
DR2NET_SIMD void InverseLoop(const float* __restrict next, const float* __restrict f, const float* __restrict x,
                             float alpha, float beta, float* __restrict previous, int64_t size) {
  if (alpha == 0) {
    for (int64_t i = 0; i < size; i++) previous[i] = (next[i] - f[i]) / beta;
  } else {
    for (int64_t i = 0; i < size; i++) previous[i] = (next[i] - f[i] - alpha * x[i]) / beta;
  }
}

template <auto Loop>
void Compute(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const auto shape = run.Shape(0);
  const int64_t size = Execution::Size(shape);
  const float* first = run.Input<float>(0, size);
  const float* second = run.Input<float>(1, size);
  const float* third = run.Input<float>(2, size);
  const float* coefficients = run.Input<float>(3, 2);
  float* result = run.Output<float>(0, shape);
  if (run.ok()) Loop(first, second, third, coefficients[0], coefficients[1], result, size);
}

}  // namespace

std::vector<Operation> DualResidualOperations() {
  return {
      {"Dr2netUpdate",
       {"f: float", "x: float", "previous: float", "coefficients: float"},
       {"next: float"},
       Compute<UpdateLoop>},
      {"Dr2netInverse",
       {"next: float", "f: float", "x: float", "coefficients: float"},
       {"previous: float"},
       Compute<InverseLoop>},
  };
}

}  // namespace dr2net
