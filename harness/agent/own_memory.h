#pragma once

namespace faultline::agent {

// In a process that was forked from a carrier, before its other threads go on: shared memory
// without a name (memfd_create(2)) that is mapped from here on, and is large, becomes memory of the
// process's own in large pages, as the harness has made that which the carrier had. The kernel gives
// shared memory page by page: 1 GiB of it costs a target of SPDK 700 ms of CPU time, against 90.
// Where the hooks of mmap are; nothing is done without them.
void MakeLargeMemoryOwn();

// The process has forked: what it shares with its child is not shared any more. See
// JournalHeader::unlike_shared.
void NoteForkForOwnMemory();

}  // namespace faultline::agent
