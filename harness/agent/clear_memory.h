#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/protocol/snapshot.h"

// DPDK without hugepages clears all memory that is given back to it, and SPDK all that it asks for:
// at a start and stop of 1 GiB that is half of the CPU time. In what is forked of a carrier, memory
// that is its own is as well cleared by giving it back to the kernel, which does not have to write
// to it.
namespace faultline::agent {

// memset(3) for modules of the target. Safe in signal handlers; takes no lock.
void* ClearMemory(void* to, int value, size_t size);

// Hugepages that are the process's own, where it has them from the carrier: what it maps there
// later may be shared. Before its other threads go on.
void KnowOwnHugepages(const protocol::SnapshotControl::Range* ranges, uint32_t count);

// The memset() that the target has without it.
void* OwnMemset();

}  // namespace faultline::agent
