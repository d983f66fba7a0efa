// Deformable attention (arXiv 2010.04159) and its gradients. Of each query and head the corners of all points are found first, a list of
// cells and factors; the channels then go through it as vectors. The value and the points' gradients are made a block of queries a thread;
// the gradient of the value's cells, which many points add to, a head and level a thread, in the order of the points: the same bits always.

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernel.h"
#include "threads.h"
#include "vector.h"

namespace dr2net {
namespace {

// Queries a part.
constexpr int64_t kQueries = 32;

struct Sizes {
  int64_t batch, queries, heads, width, levels, points, sources;
  // [levels, 4]: height, width, first cell, and what is not needed here.
  const int32_t* table;

  int64_t Channels() const { return heads * width; }
  // Points of one query and head.
  int64_t Each() const { return levels * points; }
  int64_t Points() const { return batch * queries * heads * Each(); }
};

// One corner: its cell's row, and what its channels are multiplied by.
struct Corner {
  int64_t row;
  float factor;
};

// Where a point lies between the cells of its level.
struct Place {
  bool inside;
  // 0, or NaN where the location is not finite.
  float lost;
  int64_t left, top;
  float fx, fy;
};

Place Find(const int32_t* level, const float* location) {
  const float x = location[0] * static_cast<float>(level[1]) - 0.5f, y = location[1] * static_cast<float>(level[0]) - 0.5f;
  const float lost = (x - x) + (y - y);
  if (!(x > -1 && x < static_cast<float>(level[1]) && y > -1 && y < static_cast<float>(level[0])))
    return {false, lost, 0, 0, 0, 0};
  const float left = std::floor(x), top = std::floor(y);
  return {true, lost, static_cast<int64_t>(left), static_cast<int64_t>(top), x - left, y - top};
}

// Corners 0 … 3 are (x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1). The number of a cell, or −1 outside.
int64_t CellOf(const int32_t* level, const Place& place, int corner) {
  const int64_t x = place.left + (corner & 1), y = place.top + (corner >> 1);
  if (x < 0 || x >= level[1] || y < 0 || y >= level[0]) return -1;
  return level[2] + y * level[1] + x;
}

float Share(const Place& place, int corner) {
  return ((corner & 1) ? place.fx : 1 - place.fx) * ((corner >> 1) ? place.fy : 1 - place.fy);
}

// Appends the corners of a level's points of one query and head.
void ListCorners(const Sizes& s, const int32_t* level, const float* locations, const float* weights,
                 std::vector<Corner>* list) {
  for (int64_t k = 0; k < s.points; k++) {
    const Place place = Find(level, locations + 2 * k);
    if (!place.inside) {
      // No number: whatever it is multiplied by, it is seen.
      const float nothing = place.lost * weights[k];
      if (nothing != 0) list->push_back({0, nothing});
      continue;
    }
    for (int corner = 0; corner < 4; corner++) {
      const int64_t cell = CellOf(level, place, corner);
      if (cell >= 0) list->push_back({cell * s.Channels(), weights[k] * Share(place, corner)});
    }
  }
}

// to ← Σ factor·channels over the list.
DR2NET_AVX void Gather(const std::vector<Corner>& list, const float* value, int64_t width, float* to) {
  int64_t c = 0;
  for (; c + 16 <= width; c += 16) {
    __m256 a = _mm256_setzero_ps(), b = _mm256_setzero_ps();
    for (const Corner& corner : list) {
      const float* from = value + corner.row + c;
      a = _mm256_fmadd_ps(Splat(corner.factor), _mm256_loadu_ps(from), a);
      b = _mm256_fmadd_ps(Splat(corner.factor), _mm256_loadu_ps(from + 8), b);
    }
    _mm256_storeu_ps(to + c, a);
    _mm256_storeu_ps(to + c + 8, b);
  }
  EachVector(width - c, [&](int64_t i, __m256i mask) DR2NET_AVX {
    __m256 a = _mm256_setzero_ps();
    for (const Corner& corner : list)
      a = _mm256_fmadd_ps(Splat(corner.factor), _mm256_maskload_ps(value + corner.row + c + i, mask), a);
    _mm256_maskstore_ps(to + c + i, mask, a);
  });
}

// Adds factor·d to the channels of every entry of the list.
DR2NET_AVX void Spread(const std::vector<Corner>& list, const float* d, int64_t width, float* value) {
  for (const Corner& corner : list) {
    float* to = value + corner.row;
    EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
      const __m256 term = _mm256_mul_ps(Splat(corner.factor), _mm256_maskload_ps(d + i, mask));
      _mm256_maskstore_ps(to + i, mask, _mm256_add_ps(_mm256_maskload_ps(to + i, mask), term));
    });
  }
}

DR2NET_AVX float Dot(const float* a, const float* b, int64_t width) {
  __m256 sum = _mm256_setzero_ps();
  EachVector(width, [&](int64_t i, __m256i mask) DR2NET_AVX {
    sum = _mm256_fmadd_ps(_mm256_maskload_ps(a + i, mask), _mm256_maskload_ps(b + i, mask), sum);
  });
  return Total(sum);
}

// Calls body(batch element, number of the query and head in all) for all, blocks of queries on several threads.
template <typename Body>
void EachUnit(const Sizes& s, const Body& body) {
  const int64_t blocks = (s.queries + kQueries - 1) / kQueries;
  Parallel(s.batch * blocks, [&](int64_t part) {
    const int64_t b = part / blocks, from = part % blocks * kQueries, to = std::min(s.queries, from + kQueries);
    for (int64_t unit = (b * s.queries + from) * s.heads; unit < (b * s.queries + to) * s.heads; unit++) body(b, unit);
  });
}

// The last two inputs are the table and [batch, queries, heads, width, levels, points, sources].
Sizes SizesOf(Execution& run, int table) {
  const int32_t* n = run.Input<int32_t>(table + 1, 7);
  if (!run.ok()) return {};
  return {n[0], n[1], n[2], n[3], n[4], n[5], n[6], run.Input<int32_t>(table, 4 * n[4])};
}

void Forward(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const Sizes s = SizesOf(run, 3);
  const float* locations = run.Input<float>(0, 2 * s.Points());
  const float* weights = run.Input<float>(1, s.Points());
  const float* value = run.Input<float>(2, s.batch * s.sources * s.Channels());
  float* to = run.Output<float>(0, {s.batch, s.queries, s.Channels()});
  if (!run.ok()) return;
  EachUnit(s, [&](int64_t b, int64_t unit) {
    thread_local std::vector<Corner> list;
    list.clear();
    for (int64_t level = 0; level < s.levels; level++) {
      const int64_t first = unit * s.Each() + level * s.points;
      ListCorners(s, s.table + 4 * level, locations + 2 * first, weights + first, &list);
    }
    Gather(list, value + b * s.sources * s.Channels() + unit % s.heads * s.width, s.width, to + unit * s.width);
  });
}

void OfValue(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const Sizes s = SizesOf(run, 3);
  const float* locations = run.Input<float>(0, 2 * s.Points());
  const float* weights = run.Input<float>(1, s.Points());
  const float* dy = run.Input<float>(2, s.batch * s.queries * s.Channels());
  float* to = run.Output<float>(0, {s.batch, s.sources, s.Channels()});
  if (!run.ok()) return;
  std::fill(to, to + s.batch * s.sources * s.Channels(), 0.0f);
  // A head and level has cells and channels of its own.
  Parallel(s.batch * s.heads * s.levels, [&](int64_t part) {
    thread_local std::vector<Corner> list;
    const int64_t level = part % s.levels, h = part / s.levels % s.heads, b = part / s.levels / s.heads;
    float* cells = to + b * s.sources * s.Channels() + h * s.width;
    for (int64_t q = 0; q < s.queries; q++) {
      const int64_t unit = (b * s.queries + q) * s.heads + h, first = unit * s.Each() + level * s.points;
      list.clear();
      ListCorners(s, s.table + 4 * level, locations + 2 * first, weights + first, &list);
      Spread(list, dy + unit * s.width, s.width, cells);
    }
  });
}

void OfPoints(void*, TF_OpKernelContext* context) {
  Execution run(context);
  const Sizes s = SizesOf(run, 4);
  const float* locations = run.Input<float>(0, 2 * s.Points());
  const float* weights = run.Input<float>(1, s.Points());
  const float* value = run.Input<float>(2, s.batch * s.sources * s.Channels());
  const float* dy = run.Input<float>(3, s.batch * s.queries * s.Channels());
  float* toLocations = run.Output<float>(0, {s.batch, s.queries, s.heads, s.levels, s.points, 2});
  float* toWeights = run.Output<float>(1, {s.batch, s.queries, s.heads, s.levels, s.points});
  if (!run.ok()) return;
  EachUnit(s, [&](int64_t b, int64_t unit) {
    const float* cells = value + b * s.sources * s.Channels() + unit % s.heads * s.width;
    const float* d = dy + unit * s.width;
    for (int64_t i = 0; i < s.Each(); i++) {
      const int64_t n = unit * s.Each() + i;
      const int32_t* level = s.table + 4 * (i / s.points);
      const Place place = Find(level, locations + 2 * n);
      // Of the four corners, Σ value·dy.
      float along[4] = {0, 0, 0, 0};
      for (int corner = 0; corner < 4 && place.inside; corner++) {
        const int64_t cell = CellOf(level, place, corner);
        if (cell >= 0) along[corner] = Dot(cells + cell * s.Channels(), d, s.width);
      }
      const float x = place.fx, y = place.fy, weight = weights[n];
      const float above = (1 - x) * along[0] + x * along[1], below = (1 - x) * along[2] + x * along[3];
      toWeights[n] = (1 - y) * above + y * below + place.lost;
      toLocations[2 * n] = weight * static_cast<float>(level[1]) *
                               ((1 - y) * (along[1] - along[0]) + y * (along[3] - along[2])) +
                           place.lost;
      toLocations[2 * n + 1] = weight * static_cast<float>(level[0]) * (below - above) + place.lost;
    }
  });
}

}  // namespace

std::vector<Operation> DeformableAttentionOperations() {
  return {
      {"Dr2netDeformableAttention",
       {"locations: float", "weights: float", "value: float", "table: int32", "sizes: int32"},
       {"y: float"},
       Forward},
      {"Dr2netDeformableAttentionOfValue",
       {"locations: float", "weights: float", "dy: float", "table: int32", "sizes: int32"},
       {"dvalue: float"},
       OfValue},
      {"Dr2netDeformableAttentionOfPoints",
       {"locations: float", "weights: float", "value: float", "dy: float", "table: int32", "sizes: int32"},
       {"dlocations: float", "dweights: float"},
       OfPoints},
  };
}

}  // namespace dr2net
