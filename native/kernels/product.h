// Products of float32 matrices on one thread, of tiles (tile.h).
//
// A is read where it is, by its strides; B is packed in panels as wide as a tile, padded with zeros. Sums run in one order, so equal
// operands give equal bits.

#pragma once

#include <cstdint>

#include "tile.h"

namespace dr2net {

constexpr int64_t RoundUp(int64_t size, int64_t unit) { return (size + unit - 1) / unit * unit; }

// Floats that a packed operand takes, on any processor.
constexpr int64_t PackedColumns(int64_t columns, int64_t inner) { return RoundUp(columns, kMostTileColumns) * inner; }

// A matrix by its strides, in floats; one of them is 1.
struct Matrix {
  const float* data;
  int64_t row;
  int64_t column;
};

// scale·b, [inner, columns]
void PackColumns(const Matrix& b, int64_t inner, int64_t columns, float scale, float* to);

// c [rows, columns] ← a·b, or c + a·b where `add`; b is packed; `stride` floats between rows of c.
void Multiply(const Matrix& a, const float* b, int64_t rows, int64_t columns, int64_t inner, float* c, int64_t stride,
              bool add);

}  // namespace dr2net
