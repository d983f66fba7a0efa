// The innermost loop of products, for the vectors that this processor has: a tile of the result lives in registers, and each of its
// numbers is the sum over the inner axis in one order. So both kinds give the same bits.

#pragma once

#include <cstdint>

namespace dr2net {

// to [rows, columns] ← a·b, + what is in `to` where `add`. b is [inner, columns] without gaps. One
// stride of a is 1: that of its inner axis, or in `turned` that of its rows; `astride` is the other one; `stride` is that of `to`'s rows.
using Tile = void (*)(const float* a, int64_t astride, const float* b, int64_t inner, float* to, int64_t stride, bool add);

struct Tiles {
  int64_t rows;
  int64_t columns;
  Tile straight;
  Tile turned;
};

constexpr int64_t kMostTileRows = 12;
constexpr int64_t kMostTileColumns = 32;

extern const Tiles kTilesOfEight;    // AVX2 with FMA
extern const Tiles kTilesOfSixteen;  // AVX-512

// Those for this processor.
const Tiles& TilesHere();

}  // namespace dr2net
