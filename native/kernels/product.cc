#include "product.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "vector.h"

namespace dr2net {
namespace {

// So much of the inner axis at a time: a panel of B then stays in the first cache.
constexpr int64_t kInner = 256;

// A tile that hangs over the edge of c goes by way of a whole one, and missing rows of a by way of zeros.
void EdgeTile(const Tiles& tiles, const Matrix& a, const float* b, int64_t inner, int64_t rows, int64_t columns,
              float* c, int64_t stride, bool add) {
  float left[kInner * kMostTileRows];
  float whole[kMostTileRows * kMostTileColumns];
  const bool turned = rows < tiles.rows || a.row == 1;
  Matrix from = a;
  if (rows < tiles.rows) {
    from = {left, 1, tiles.rows};
    for (int64_t k = 0; k < inner; k++) {
      for (int64_t r = 0; r < rows; r++) left[k * tiles.rows + r] = a.data[r * a.row + k * a.column];
      std::fill_n(left + k * tiles.rows + rows, tiles.rows - rows, 0.0f);
    }
  }
  (turned ? tiles.turned : tiles.straight)(from.data, turned ? from.column : from.row, b, inner, whole,
                                           tiles.columns, false);
  for (int64_t r = 0; r < rows; r++) {
    const float* sums = whole + r * tiles.columns;
    float* to = c + r * stride;
    for (int64_t i = 0; i < columns; i++) to[i] = add ? sums[i] + to[i] : sums[i];
  }
}

// 8 × 8 numbers times a factor, rows and columns exchanged.
DR2NET_AVX_INLINE void Turn(const float* from, int64_t stride, __m256 factor, float* to, int64_t step) {
  __m256 r[8], t[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) r[i] = _mm256_mul_ps(_mm256_loadu_ps(from + i * stride), factor);
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    r[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
    r[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_ps(to + i * step, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(to + (i + 4) * step, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

}  // namespace

DR2NET_AVX void PackColumns(const Matrix& b, int64_t inner, int64_t columns, float scale, float* to) {
  const __m256 factor = Splat(scale);
  const int64_t width = TilesHere().columns;
  for (int64_t from = 0; from < columns; from += width) {
    const int64_t now = std::min(width, columns - from);
    const float* data = b.data + from * b.column;
    int64_t k = 0;
    if (now == width && b.column == 1) {
      for (; k < inner; k++, to += width)
        for (int64_t c = 0; c < width; c += 8)
          _mm256_storeu_ps(to + c, _mm256_mul_ps(_mm256_loadu_ps(data + k * b.row + c), factor));
    } else if (now == width && b.row == 1) {
      for (; k + 8 <= inner; k += 8, to += 8 * width)
        for (int64_t c = 0; c < width; c += 8) Turn(data + k + c * b.column, b.column, factor, to + c, width);
    }
    for (; k < inner; k++, to += width) {
      for (int64_t c = 0; c < now; c++) to[c] = data[k * b.row + c * b.column] * scale;
      for (int64_t c = now; c < width; c++) to[c] = 0;
    }
  }
}

void Multiply(const Matrix& a, const float* b, int64_t rows, int64_t columns, int64_t inner, float* c, int64_t stride,
              bool add) {
  const Tiles& tiles = TilesHere();
  const bool turned = a.row == 1;
  const Tile whole = turned ? tiles.turned : tiles.straight;
  const int64_t steps = (inner + kInner - 1) / kInner, step = (inner + steps - 1) / steps;
  for (int64_t k = 0; k < inner; k += step) {
    const int64_t now = std::min(step, inner - k);
    const bool onto = add || k > 0;
    for (int64_t column = 0; column < columns; column += tiles.columns) {
      const float* panel = b + column * inner + k * tiles.columns;
      const int64_t width = std::min(tiles.columns, columns - column);
      for (int64_t row = 0; row < rows; row += tiles.rows) {
        const Matrix left = {a.data + row * a.row + k * a.column, a.row, a.column};
        const int64_t height = std::min(tiles.rows, rows - row);
        float* to = c + row * stride + column;
        if (height < tiles.rows || width < tiles.columns)
          EdgeTile(tiles, left, panel, now, height, width, to, stride, onto);
        else
          whole(left.data, turned ? a.column : a.row, panel, now, to, stride, onto);
      }
    }
  }
}

const Tiles& TilesHere() {
  const auto choose = []() -> const Tiles& {
    const char* asked = std::getenv("DR2NET_VECTORS");
    const bool wide = __builtin_cpu_supports("avx512f") && !(asked && std::strcmp(asked, "avx2") == 0);
    return wide ? kTilesOfSixteen : kTilesOfEight;
  };
  static const Tiles& here = choose();
  return here;
}

}  // namespace dr2net
