// A Node-API addon that adds our operations to the TensorFlow runtime which the tfjs binding has loaded into this process.
//
// JavaScript side: loading it is all; `operations` names what it has registered. The kernels run on the processor only.

#include <node_api.h>

#include <mutex>

#include "kernel.h"
#include "vector.h"

namespace {

// Registers an operation and its kernel; what went wrong, or nothing.
std::string Register(const dr2net::Operation& operation) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(operation.name);
  for (const char* input : operation.inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : operation.outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  // A graph asks for it; the kernels give their outputs' shapes themselves.
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, &TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_KernelBuilder* kernel = TF_NewKernelBuilder(operation.name, "CPU", nullptr, operation.compute, nullptr);
    TF_RegisterKernelBuilder(operation.name, kernel, status);
  }
  std::string message = TF_GetCode(status) == TF_OK ? "" : TF_Message(status);
  TF_DeleteStatus(status);
  return message;
}

std::vector<dr2net::Operation> Operations() {
  auto all = dr2net::ExactOperations();
  const auto add = [&](const std::vector<dr2net::Operation>& more) { all.insert(all.end(), more.begin(), more.end()); };
  add(dr2net::DualResidualOperations());
  if (dr2net::HasVectors()) {
    add(dr2net::AttentionOperations());
    add(dr2net::DeformableAttentionOperations());
    add(dr2net::GeluOperations());
    add(dr2net::LayerNormOperations());
    add(dr2net::WindowAttentionOperations());
  }
  return all;
}

napi_value Init(napi_env env, napi_value exports) {
  // TensorFlow's registries belong to the process: a second thread of Node must not register again.
  static std::once_flag once;
  static std::string failure;
  const auto all = Operations();
  std::call_once(once, [&] {
    for (const auto& operation : all)
      if (failure.empty()) failure = Register(operation);
  });
  if (!failure.empty()) {
    napi_throw_error(env, nullptr, failure.c_str());
    return nullptr;
  }
  napi_value names = nullptr;
  napi_create_array(env, &names);
  for (uint32_t i = 0; i < all.size(); i++) {
    napi_value name = nullptr;
    napi_create_string_utf8(env, all[i].name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, i, name);
  }
  napi_set_named_property(env, exports, "operations", names);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
