#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace faultline {

// The descriptor of the stream (FILE) at `address` in process `pid`, as glibc lays it out on
// x86-64 (struct _IO_FILE in bits/types/struct_FILE.h, the same since glibc 2.1): negative for one
// that has none, as fopencookie(3) and open_memstream(3) make it. nullopt when there is no stream,
// or its memory cannot be read.
std::optional<int> DescriptorOfStream(pid_t pid, uint64_t address);

}  // namespace faultline
