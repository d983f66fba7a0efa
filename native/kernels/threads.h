// Work on all of the processor: parts of a kernel run by a few threads of our own, which sleep between kernels.
//
// TensorFlow's own pool cannot be reached through the C API. Parts are whole units of work whose results do not depend on who runs
// them, so the number of threads changes no bit.

#pragma once

#include <cstdint>
#include <functional>

namespace dr2net {

// Calls body(part) for part 0 … parts − 1, each once, on this thread and others, and returns when all are done.
void Parallel(int64_t parts, const std::function<void(int64_t)>& body);

}  // namespace dr2net
