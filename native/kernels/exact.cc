// The dual-residual update in fixed point and its inverse: packages/ops/src/exact/index.ts has the mathematics, host.ts the
// same loops in JavaScript, and the conformance suite there holds both against integers without bounds.
//
// The fast loop works in int32 and float32 on what fits; where anything may leave int32, a slow one in float64 (exact here:
// |T| < 2⁴⁸) does the whole tensor again, so that nothing wraps unseen.

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel.h"
#include "packing.h"

namespace dr2net {
namespace {

constexpr float kInt32End = 2147483648.0f;
constexpr int32_t kSaturated = std::numeric_limits<int32_t>::max();
// Float32 sums of the terms are known to within 2¹²: below this they fit int32.
constexpr float kSafe = 2147479552.0f;
// Elements at a time, about: their indices stay in the cache.
constexpr int64_t kPiece = 4096;

// The numbers of an ExactGrid, as packages/ops/src/exact/native.ts writes them: a, b, s, f, then five a stream.
struct Grid {
  // Which input of both operations it is.
  static constexpr int kInput = 3;
  int32_t a = 0, b = 0, s = 0;
  float unit = 1;
  std::vector<DigitStream> streams;

  explicit Grid(Execution& run) {
    const auto shape = run.Shape(kInput);
    const int64_t size = Execution::Size(shape);
    const int32_t* numbers = run.Input<int32_t>(kInput, size);
    if (numbers == nullptr) return;
    if (size < 4 || (size - 4) % 5 != 0) {
      run.Refuse("the grid has " + std::to_string(size) + " numbers");
      return;
    }
    a = numbers[0];
    b = numbers[1];
    s = numbers[2];
    unit = std::ldexp(1.0f, numbers[3]);
    for (const int32_t* n = numbers + 4; n < numbers + size; n += 5)
      streams.push_back({n[0], n[1], static_cast<uint32_t>(n[2]), n[3], n[4]});
  }

  int64_t Words(int64_t size) const {
    int64_t words = 0;
    for (const auto& stream : streams) words += stream.Words(size);
    return words;
  }

  // Whole groups of every stream.
  int64_t Piece() const {
    int64_t groups = 1;
    for (const auto& stream : streams) groups *= stream.per_group;
    return (kPiece + groups - 1) / groups * groups;
  }

  // One reader or writer a stream.
  template <typename Coder, typename Word>
  std::vector<Coder> Coders(Word* words, int64_t size) const {
    std::vector<Coder> coders;
    for (const auto& stream : streams) {
      coders.emplace_back(stream, words);
      words += stream.Words(size);
    }
    return coders;
  }
};

struct Range {
  int32_t largest;
  int32_t outside;
};

DR2NET_SIMD Range UpdateLoop(const float* __restrict f, const int32_t* __restrict x, const int32_t* __restrict previous,
                             int32_t a, int32_t b, int32_t s, float unit, int32_t* __restrict next,
                             int32_t* __restrict indices, int64_t size) {
  const int32_t mask = (1 << s) - 1;
  const float divisor = static_cast<float>(std::abs(b));
  const float alpha = std::ldexp(static_cast<float>(a), -s);
  const float beta = std::ldexp(static_cast<float>(b), -s);
  int32_t largest = 0;
  int32_t outside = 0;
  for (int64_t i = 0; i < size; i++) {
    const int32_t low = a * (x[i] & mask) + b * (previous[i] & mask);
    const int32_t term = a * (x[i] >> s) + b * (previous[i] >> s) + (low >> s);
    const float scaled = f[i] * unit;
    const float term_size = alpha * static_cast<float>(x[i]) + beta * static_cast<float>(previous[i]);
    const bool fits = std::fabs(scaled) < kInt32End && std::fabs(term_size) < kSafe && std::fabs(term_size + scaled) < kSafe;
    outside |= !fits;
    const int32_t value = term + static_cast<int32_t>(fits ? std::nearbyint(scaled) : 0.0f);
    next[i] = value;
    largest = std::max(largest, std::abs(value));
    // The quotient of integers below 2²⁴ cuts to the right integer in float32.
    indices[i] = static_cast<int32_t>(static_cast<float>(low & mask) / divisor);
  }
  return {largest, outside};
}

// max |next|, ∞ where F is no number.
double SaturatingLoop(const float* f, const int32_t* x, const int32_t* previous, const Grid& grid, int32_t* next,
                      int64_t size) {
  double largest = 0;
  for (int64_t i = 0; i < size; i++) {
    const double term = static_cast<double>(grid.a) * x[i] + static_cast<double>(grid.b) * previous[i];
    const double value = std::nearbyint(double{f[i]} * grid.unit) + std::floor(std::ldexp(term, -grid.s));
    const double magnitude = std::isnan(value) ? std::numeric_limits<double>::infinity() : std::fabs(value);
    largest = std::max(largest, magnitude);
    next[i] = magnitude <= kSaturated ? static_cast<int32_t>(value) : kSaturated;
  }
  return largest;
}

void Update(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const auto shape = run.Shape(0);
  const int64_t size = Execution::Size(shape);
  const float* f = run.Input<float>(0, size);
  const int32_t* x = run.Input<int32_t>(1, size);
  const int32_t* previous = run.Input<int32_t>(2, size);
  const Grid grid(run);
  int32_t* next = run.Output<int32_t>(0, shape);
  int32_t* side = run.Output<int32_t>(1, {grid.Words(size)});
  float* largest = run.Output<float>(2, {});
  if (!run.ok()) return;
  auto writers = grid.Coders<DigitWriter>(reinterpret_cast<uint32_t*>(side), size);
  std::vector<int32_t> indices(std::min(size, grid.Piece()));
  Range range{0, 0};
  for (int64_t from = 0; from < size; from += grid.Piece()) {
    const int64_t count = std::min(grid.Piece(), size - from);
    const auto piece = UpdateLoop(f + from, x + from, previous + from, grid.a, grid.b, grid.s, grid.unit, next + from,
                                  indices.data(), count);
    range = {std::max(range.largest, piece.largest), range.outside | piece.outside};
    for (auto& writer : writers) writer.Write(indices.data(), count);
  }
  for (auto& writer : writers) writer.Finish();
  *largest = static_cast<float>(range.outside ? SaturatingLoop(f, x, previous, grid, next, size) : range.largest);
}

// P = ⌈((next − R)·2ˢ − a·X)/|b|⌉ + j, with the sign of b.
DR2NET_SIMD void InverseLoop(const int32_t* __restrict next, const float* __restrict f, const int32_t* __restrict x,
                             int32_t a, int32_t b, int32_t s, float unit, const int32_t* __restrict indices,
                             int32_t* __restrict previous, int64_t size) {
  const double one = 1 << s;
  const double divisor = std::abs(b);
  const double sign = b < 0 ? -1 : 1;
  for (int64_t i = 0; i < size; i++) {
    const double q = next[i] - std::nearbyint(static_cast<double>(f[i]) * unit);
    const double value = sign * (std::ceil((q * one - static_cast<double>(a) * x[i]) / divisor) + indices[i]);
    previous[i] = std::fabs(value) <= kSaturated ? static_cast<int32_t>(value) : kSaturated;
  }
}

void Inverse(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const auto shape = run.Shape(0);
  const int64_t size = Execution::Size(shape);
  const int32_t* next = run.Input<int32_t>(0, size);
  const float* f = run.Input<float>(1, size);
  const int32_t* x = run.Input<int32_t>(2, size);
  const Grid grid(run);
  const int32_t* side = run.Input<int32_t>(4, grid.Words(size));
  int32_t* previous = run.Output<int32_t>(0, shape);
  if (!run.ok()) return;
  auto readers = grid.Coders<DigitReader>(reinterpret_cast<const uint32_t*>(side), size);
  std::vector<int32_t> indices(std::min(size, grid.Piece()));
  for (int64_t from = 0; from < size; from += grid.Piece()) {
    const int64_t count = std::min(grid.Piece(), size - from);
    std::fill(indices.begin(), indices.end(), 0);
    for (auto& reader : readers) reader.Read(indices.data(), count);
    InverseLoop(next + from, f + from, x + from, grid.a, grid.b, grid.s, grid.unit, indices.data(), previous + from,
                count);
  }
}

DR2NET_SIMD void QuantizeLoop(const float* __restrict x, float unit, int32_t* __restrict result, int64_t size) {
  for (int64_t i = 0; i < size; i++) {
    const float scaled = x[i] * unit;
    const bool fits = std::fabs(scaled) < kInt32End;
    const int32_t rounded = static_cast<int32_t>(fits ? std::nearbyint(scaled) : 0.0f);
    result[i] = fits ? rounded : kSaturated;
  }
}

DR2NET_SIMD void DequantizeLoop(const int32_t* __restrict x, float unit, float* __restrict result, int64_t size) {
  for (int64_t i = 0; i < size; i++) result[i] = static_cast<float>(x[i]) * unit;
}

template <typename From, typename To, auto Loop>
void Convert(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const auto shape = run.Shape(0);
  const int64_t size = Execution::Size(shape);
  const From* x = run.Input<From>(0, size);
  const float* unit = run.Input<float>(1, 1);
  To* result = run.Output<To>(0, shape);
  if (run.ok()) Loop(x, *unit, result, size);
}

}  // namespace

std::vector<Operation> ExactOperations() {
  return {
      {"Dr2netExactUpdate",
       {"f: float", "x: int32", "previous: int32", "grid: int32"},
       {"next: int32", "side: int32", "largest: float"},
       Update},
      {"Dr2netExactInverse",
       {"next: int32", "f: float", "x: int32", "grid: int32", "side: int32"},
       {"previous: int32"},
       Inverse},
      {"Dr2netQuantize", {"x: float", "unit: float"}, {"result: int32"}, Convert<float, int32_t, QuantizeLoop>},
      {"Dr2netDequantize", {"x: int32", "unit: float"}, {"result: float"}, Convert<int32_t, float, DequantizeLoop>},
  };
}

}  // namespace dr2net
