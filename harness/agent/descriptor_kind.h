#pragma once

#include <cstdint>

namespace faultline::agent {

// What a descriptor is: bits of protocol::PlanDescriptor. Asks the kernel and nobody else; errno is
// left alone.
uint64_t DescriptorKind(int fd);

}  // namespace faultline::agent
