// What our kernels need of TensorFlow's C API: typed inputs and outputs, and one place that reports a failure.
//
// Only the C API is used (tensorflow/c/kernels.h, ops.h): it is stable across TensorFlow's releases.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

// A clone of a loop for AVX2, chosen when the library is loaded; without contraction, so that both give the same bits.
#define DR2NET_SIMD __attribute__((target_clones("avx2", "default")))

namespace dr2net {

template <typename T>
constexpr TF_DataType kType = TF_FLOAT;
template <>
inline constexpr TF_DataType kType<int32_t> = TF_INT32;

// One execution of a kernel. The first failure is kept; what follows it does nothing and `ok()` is false.
class Execution {
 public:
  explicit Execution(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution() {
    if (!ok()) TF_OpKernelContext_Failure(context_, status_);
    for (TF_Tensor* tensor : tensors_) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status_);
  }

  bool ok() const { return TF_GetCode(status_) == TF_OK; }

  void Refuse(const std::string& message) { TF_SetStatus(status_, TF_INVALID_ARGUMENT, message.c_str()); }

  // The values of an input, `size` of them or it is refused. TensorFlow has checked the type.
  template <typename T>
  const T* Input(int index, int64_t size) {
    TF_Tensor* tensor = Get(index);
    if (tensor == nullptr) return nullptr;
    if (TF_TensorElementCount(tensor) != size) {
      Refuse("input " + std::to_string(index) + " has " + std::to_string(TF_TensorElementCount(tensor)) +
             " elements, not " + std::to_string(size));
      return nullptr;
    }
    return static_cast<const T*>(TF_TensorData(tensor));
  }

  // The tensor is not held meanwhile: an output may take its place.
  std::vector<int64_t> Shape(int index) {
    std::vector<int64_t> shape;
    TF_Tensor* tensor = Get(index);
    if (tensor == nullptr) return shape;
    for (int axis = 0; axis < TF_NumDims(tensor); axis++) shape.push_back(TF_Dim(tensor, axis));
    tensors_.pop_back();
    TF_DeleteTensor(tensor);
    return shape;
  }

  // Memory for an output of this shape.
  template <typename T>
  T* Output(int index, const std::vector<int64_t>& shape) {
    if (!ok()) return nullptr;
    TF_Tensor* tensor = TF_AllocateOutput(context_, index, kType<T>, shape.data(), static_cast<int>(shape.size()),
                                          Size(shape) * sizeof(T), status_);
    if (!ok()) return nullptr;
    tensors_.push_back(tensor);
    return static_cast<T*>(TF_TensorData(tensor));
  }

  // The same, in the memory of input `input` where nobody else needs that; ask for it before the input's values, which stay readable.
  float* OutputInPlaceOf(int index, int input, const std::vector<int64_t>& shape) {
    if (!ok()) return nullptr;
    int forwarded = -1;
    TF_Tensor* tensor = TF_ForwardInputOrAllocateOutput(context_, &input, 1, index, shape.data(),
                                                        static_cast<int>(shape.size()), &forwarded, status_);
    if (!ok()) return nullptr;
    tensors_.push_back(tensor);
    return static_cast<float*>(TF_TensorData(tensor));
  }

  // Memory for `size` numbers while the kernel runs.
  float* Temporary(int64_t size) {
    if (!ok()) return nullptr;
    TF_AllocatorAttributes attributes;
    attributes.struct_size = TF_ALLOCATOR_ATTRIBUTES_STRUCT_SIZE;
    attributes.on_host = 1;
    TF_Tensor* tensor = TF_AllocateTemp(context_, TF_FLOAT, &size, 1, &attributes, status_);
    if (!ok()) return nullptr;
    tensors_.push_back(tensor);
    return static_cast<float*>(TF_TensorData(tensor));
  }

  static int64_t Size(const std::vector<int64_t>& shape) {
    int64_t size = 1;
    for (int64_t side : shape) size *= side;
    return size;
  }

 private:
  TF_Tensor* Get(int index) {
    if (!ok()) return nullptr;
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_);
    if (!ok()) return nullptr;
    tensors_.push_back(tensor);
    return tensor;
  }

  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> tensors_;
};

// An operation and its kernel for the processor. Inputs and outputs are written as in an OpDef: "f: float", "side: int32".
struct Operation {
  const char* name;
  std::vector<const char*> inputs;
  std::vector<const char*> outputs;
  void (*compute)(void*, TF_OpKernelContext*);
};

std::vector<Operation> ExactOperations();
std::vector<Operation> DualResidualOperations();

// These need vectors (vector.h).
std::vector<Operation> AttentionOperations();
std::vector<Operation> DeformableAttentionOperations();
std::vector<Operation> GeluOperations();
std::vector<Operation> LayerNormOperations();
std::vector<Operation> WindowAttentionOperations();

}  // namespace dr2net
