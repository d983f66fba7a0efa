// Tiles of 6 × 16 numbers in AVX2: twelve registers of sums.

#include <immintrin.h>

#include "tile.h"

#define TARGET "avx2,fma"
#define ROWS 6
#define LANES 8
#define VECTOR __m256
#define ZERO _mm256_setzero_ps
#define LOAD _mm256_loadu_ps
#define SPLAT _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#define ADD _mm256_add_ps
#define STORE _mm256_storeu_ps

namespace dr2net {
namespace {

#include "tile_loop.inc"

}  // namespace

const Tiles kTilesOfEight = {ROWS, 2 * LANES, Multiply<false>, Multiply<true>};

}  // namespace dr2net
