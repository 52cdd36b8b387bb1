#pragma once

#include <cstdint>

namespace faultline::agent {

// In a process that was forked from a carrier, before its other threads go on: shared memory
// without a name (memfd_create(2)) that is mapped from here on, and is large, becomes memory of the
// process's own, as the harness has made that which the carrier had; with `large_pages` it comes in
// such. 900 MiB of shared memory cost 740 ms of CPU time to be written to and given back, 440 of
// private memory, 65 to 310 in large pages (memset on a virtual machine of 2 CPUs).
// Where the hooks of mmap are; nothing is done without them. `files`: inodes of those whose memory
// is the process's own already, copied.
void MakeLargeMemoryOwn(bool large_pages, const uint64_t* files, uint32_t file_count);

// The process has forked: what it shares with its child is not shared any more. See
// JournalHeader::unlike_shared.
void NoteForkForOwnMemory();

}  // namespace faultline::agent
