// Digits into words and back; the format is that of packages/ops/src/exact/packing.ts.

#pragma once

#include <cstdint>

namespace dr2net {

// A stream of digits, one an element; `per_group` of them make a number of `group_bits` bits.
struct DigitStream {
  int32_t shift;
  int32_t mask;
  uint32_t radix;
  int32_t per_group;
  int32_t group_bits;

  int64_t Words(int64_t size) const {
    return ((size + per_group - 1) / per_group * group_bits + 31) / 32;
  }
};

// Writes the stream of a tensor piece by piece; every piece but the last is whole groups.
class DigitWriter {
 public:
  DigitWriter(const DigitStream& stream, uint32_t* words) : stream_(stream), words_(words) {}

  void Write(const int32_t* indices, int64_t count) {
    const auto [shift, mask, radix, per_group, group_bits] = stream_;
    for (int64_t i = 0; i < count;) {
      uint32_t group = (indices[i++] >> shift) & mask;
      uint32_t power = radix;
      for (int32_t digit = 1; digit < per_group && i < count; digit++, power *= radix)
        group += static_cast<uint32_t>((indices[i++] >> shift) & mask) * power;
      pending_ |= static_cast<uint64_t>(group) << bits_;
      bits_ += group_bits;
      if (bits_ < 32) continue;
      *words_++ = static_cast<uint32_t>(pending_);
      pending_ >>= 32;
      bits_ -= 32;
    }
  }

  void Finish() {
    if (bits_ > 0) *words_ = static_cast<uint32_t>(pending_);
  }

 private:
  const DigitStream stream_;
  uint32_t* words_;
  uint64_t pending_ = 0;
  int32_t bits_ = 0;
};

// Reads it back in the same pieces.
class DigitReader {
 public:
  DigitReader(const DigitStream& stream, const uint32_t* words) : stream_(stream), words_(words) {}

  // Adds the digits to indices[0 … count).
  void Read(int32_t* indices, int64_t count) {
    const auto [shift, mask, radix, per_group, group_bits] = stream_;
    const uint64_t group_mask = (uint64_t{1} << group_bits) - 1;
    for (int64_t i = 0; i < count;) {
      if (bits_ < group_bits) {
        pending_ |= static_cast<uint64_t>(*words_++) << bits_;
        bits_ += 32;
      }
      uint32_t group = static_cast<uint32_t>(pending_ & group_mask);
      pending_ >>= group_bits;
      bits_ -= group_bits;
      for (int32_t digit = 0; digit + 1 < per_group && i + 1 < count; digit++, group /= radix)
        indices[i++] |= static_cast<int32_t>(group % radix) << shift;
      // The last digit of a whole group is what is left.
      indices[i++] |= static_cast<int32_t>(group % radix) << shift;
    }
  }

 private:
  const DigitStream stream_;
  const uint32_t* words_;
  uint64_t pending_ = 0;
  int32_t bits_ = 0;
};

}  // namespace dr2net
