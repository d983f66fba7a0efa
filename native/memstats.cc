// What TensorFlow's own allocator says about memory: bytes in use, peak, and a reset of the peak.
//
// Neither TensorFlow.js nor TensorFlow's C API tells how much device memory was really used; the C++ allocators do.
// This Node-API addon sits beside the unmodified tfjs binding and reads the allocator of the runtime that the binding
// loaded into the same process. It is tied to the C++ ABI of the TensorFlow build it is compiled against.
//
// JavaScript side: read('cpu' | 'gpu') -> { bytesInUse, peakBytesInUse, largestAllocation, allocations, limit } | null,
// and clearPeak('cpu' | 'gpu') -> boolean. On the CPU the counts are exact only with TF_CPU_ALLOCATOR_USE_BFC=1 set
// before the binding is loaded; without it they read zero. All figures are bytes; `limit` is -1 where there is none.

#include <node_api.h>

#include <cstring>
#include <optional>

#include "tensorflow/core/common_runtime/gpu/gpu_process_state.h"
#include "tensorflow/core/common_runtime/process_state.h"
#include "xla/tsl/framework/allocator.h"
#include "xla/tsl/framework/allocator_registry.h"

namespace {

enum class Device { kCpu, kGpu };

// The allocator of a device of this process, or null where TensorFlow has not made one.
tsl::Allocator* FindAllocator(Device device) {
  if (device == Device::kCpu) return tensorflow::ProcessState::singleton()->GetCPUAllocator(/*numa_node=*/0);
  auto* state = tensorflow::GPUProcessState::singleton();
  return state->HasGPUDevice() ? state->GetGPUAllocator(tsl::TfDeviceId(0)) : nullptr;
}

// The first argument, 'cpu' or 'gpu'; otherwise a TypeError is pending and nothing is returned.
std::optional<Device> DeviceArgument(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  char name[8] = "";
  size_t length = 0;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) == napi_ok && count == 1 &&
      napi_get_value_string_utf8(env, argument, name, sizeof name, &length) == napi_ok) {
    if (std::strcmp(name, "cpu") == 0) return Device::kCpu;
    if (std::strcmp(name, "gpu") == 0) return Device::kGpu;
  }
  napi_throw_type_error(env, nullptr, "the device must be 'cpu' or 'gpu'");
  return std::nullopt;
}

void Put(napi_env env, napi_value object, const char* key, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  napi_set_named_property(env, object, key, value);
}

napi_value Read(napi_env env, napi_callback_info info) {
  const auto device = DeviceArgument(env, info);
  if (!device) return nullptr;
  napi_value result = nullptr;
  napi_get_null(env, &result);
  tsl::Allocator* allocator = FindAllocator(*device);
  const auto stats = allocator == nullptr ? std::nullopt : allocator->GetStats();
  if (!stats) return result;
  napi_create_object(env, &result);
  Put(env, result, "bytesInUse", static_cast<double>(stats->bytes_in_use));
  Put(env, result, "peakBytesInUse", static_cast<double>(stats->peak_bytes_in_use));
  Put(env, result, "largestAllocation", static_cast<double>(stats->largest_alloc_size));
  Put(env, result, "allocations", static_cast<double>(stats->num_allocs));
  Put(env, result, "limit", stats->bytes_limit ? static_cast<double>(*stats->bytes_limit) : -1.0);
  return result;
}

napi_value ClearPeak(napi_env env, napi_callback_info info) {
  const auto device = DeviceArgument(env, info);
  if (!device) return nullptr;
  tsl::Allocator* allocator = FindAllocator(*device);
  napi_value result = nullptr;
  napi_get_boolean(env, allocator != nullptr && allocator->ClearStats(), &result);
  return result;
}

napi_value Init(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"read", nullptr, Read, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"clearPeak", nullptr, ClearPeak, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, 2, functions);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
