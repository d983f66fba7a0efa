// One head of attention on one thread, a block of queries at a time, operands and results where the packed projection has them. The scores
// of one block against all keys are the most that a thread holds, so memory is linear in tokens. In the gradient the probabilities are made
// again; with P = softmax(s·QKᵀ + terms): dV = PᵀdO, dP = dO·Vᵀ, dS = P∘(dP − rowsum(dP∘P)), dQ = s·dS·K, dK = s·dSᵀQ, dbias = Σ dS.

#pragma once

#include "kernel.h"

namespace dr2net {

struct AttentionSizes {
  int64_t batch, tokens, heads, width;
  float scale;
};

// The sizes of input 0, qkv [batch, tokens, 3·heads·width]; input `numbers` has `size` numbers and begins with [heads, scale].
AttentionSizes AttentionSizesOf(Execution& run, int numbers, int64_t size);

// What is added to the scores, [tokens, tokens] each; null where there is nothing.
struct ScoreTerms {
  const float* bias = nullptr;
  const float* mask = nullptr;
};

// Where the gradient of the bias is summed up, [tokens, tokens]; null where it is not wanted.
struct BiasSum {
  float* to = nullptr;
  bool begins = false;
};

// qkv and `to` begin at the head's channels of the first token.
void HeadForward(const AttentionSizes& s, const float* qkv, const ScoreTerms& terms, float* to);

// to ← the gradient of qkv.
void HeadGradient(const AttentionSizes& s, const float* qkv, const float* dy, const ScoreTerms& terms, const BiasSum& sum,
                  float* to);

}  // namespace dr2net
