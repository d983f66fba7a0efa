#include "product.h"

#include <algorithm>

#include "vector.h"

namespace dr2net {
namespace {

// So much of the inner axis at a time: a panel of B then stays in the first cache.
constexpr int64_t kInner = 256;

// to ← from + a·b for a whole tile; from may be null: zeros. One stride of a is 1: that of its inner axis, or (kTurned: a
// transposed operand) that of its rows; `astride` is the other one.
template <bool kTurned>
DR2NET_AVX void Tile(const float* a, int64_t astride, const float* b, int64_t inner, const float* from, float* to,
                     int64_t stride) {
  __m256 c[kPanelRows][2];
#pragma GCC unroll 6
  for (int r = 0; r < kPanelRows; r++) {
    c[r][0] = from ? _mm256_loadu_ps(from + r * stride) : _mm256_setzero_ps();
    c[r][1] = from ? _mm256_loadu_ps(from + r * stride + 8) : _mm256_setzero_ps();
  }
  const float* below = a + 3 * astride;
  for (int64_t k = 0; k < inner; k++, b += kPanelColumns) {
    const __m256 b0 = _mm256_loadu_ps(b);
    const __m256 b1 = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 6
    for (int r = 0; r < kPanelRows; r++) {
      const __m256 s = _mm256_broadcast_ss(kTurned ? a + r : (r < 3 ? a : below) + r % 3 * astride);
      c[r][0] = _mm256_fmadd_ps(s, b0, c[r][0]);
      c[r][1] = _mm256_fmadd_ps(s, b1, c[r][1]);
    }
    a += kTurned ? astride : 1;
    below += 1;
  }
#pragma GCC unroll 6
  for (int r = 0; r < kPanelRows; r++) {
    _mm256_storeu_ps(to + r * stride, c[r][0]);
    _mm256_storeu_ps(to + r * stride + 8, c[r][1]);
  }
}

// A tile that hangs over the edge of c goes by way of a whole one, and missing rows of a by way of zeros.
void EdgeTile(const Matrix& a, const float* b, int64_t inner, int64_t rows, int64_t columns, float* c, int64_t stride,
              bool add) {
  float left[kInner * kPanelRows] = {};
  float whole[kPanelRows * kPanelColumns] = {};
  for (int64_t r = 0; r < rows; r++)
    for (int64_t k = 0; k < inner; k++) left[k * kPanelRows + r] = a.data[r * a.row + k * a.column];
  if (add)
    for (int64_t r = 0; r < rows; r++) std::copy_n(c + r * stride, columns, whole + r * kPanelColumns);
  Tile<true>(left, kPanelRows, b, inner, whole, whole, kPanelColumns);
  for (int64_t r = 0; r < rows; r++) std::copy_n(whole + r * kPanelColumns, columns, c + r * stride);
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
  for (int64_t from = 0; from < columns; from += kPanelColumns) {
    const int64_t now = std::min(kPanelColumns, columns - from);
    const float* data = b.data + from * b.column;
    int64_t k = 0;
    if (now == kPanelColumns && b.column == 1) {
      for (; k < inner; k++, to += kPanelColumns) {
        _mm256_storeu_ps(to, _mm256_mul_ps(_mm256_loadu_ps(data + k * b.row), factor));
        _mm256_storeu_ps(to + 8, _mm256_mul_ps(_mm256_loadu_ps(data + k * b.row + 8), factor));
      }
    } else if (now == kPanelColumns && b.row == 1) {
      for (; k + 8 <= inner; k += 8, to += 8 * kPanelColumns) {
        Turn(data + k, b.column, factor, to, kPanelColumns);
        Turn(data + k + 8 * b.column, b.column, factor, to + 8, kPanelColumns);
      }
    }
    for (; k < inner; k++, to += kPanelColumns) {
      for (int64_t c = 0; c < now; c++) to[c] = data[k * b.row + c * b.column] * scale;
      for (int64_t c = now; c < kPanelColumns; c++) to[c] = 0;
    }
  }
}

void Multiply(const Matrix& a, const float* b, int64_t rows, int64_t columns, int64_t inner, float* c, int64_t stride,
              bool add) {
  const bool turned = a.row == 1;
  for (int64_t k = 0; k < inner; k += kInner) {
    const int64_t now = std::min(kInner, inner - k);
    const bool onto = add || k > 0;
    for (int64_t column = 0; column < columns; column += kPanelColumns) {
      const float* panel = b + column * inner + k * kPanelColumns;
      const int64_t width = std::min(kPanelColumns, columns - column);
      for (int64_t row = 0; row < rows; row += kPanelRows) {
        const Matrix left = {a.data + row * a.row + k * a.column, a.row, a.column};
        const int64_t height = std::min(kPanelRows, rows - row);
        float* to = c + row * stride + column;
        const float* from = onto ? to : nullptr;
        if (height < kPanelRows || width < kPanelColumns) EdgeTile(left, panel, now, height, width, to, stride, onto);
        else if (turned) Tile<true>(left.data, a.column, panel, now, from, to, stride);
        else Tile<false>(left.data, a.row, panel, now, from, to, stride);
      }
    }
  }
}

}  // namespace dr2net
