// Tiles of 12 × 32 numbers in AVX-512: twenty-four registers of sums.

#include <immintrin.h>

#include "tile.h"

#define TARGET "avx512f"
#define ROWS 12
#define LANES 16
#define VECTOR __m512
#define ZERO _mm512_setzero_ps
#define LOAD _mm512_loadu_ps
#define SPLAT _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#define ADD _mm512_add_ps
#define STORE _mm512_storeu_ps

namespace dr2net {
namespace {

#include "tile_loop.inc"

}  // namespace

const Tiles kTilesOfSixteen = {ROWS, 2 * LANES, Multiply<false>, Multiply<true>};

}  // namespace dr2net
