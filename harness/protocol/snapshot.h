#pragma once

#include <atomic>
#include <cstdint>

// How the harness and the agent of a *carrier* (a live target that is forked at its sites) talk: a
// file that both map shared. The carrier lives without faults and stops at the site that it is
// told; there it does what the harness asks: lists of system calls, one of which forks it. The
// harness knows what they are for; the agent only carries them out.
namespace faultline::protocol {

inline constexpr uint64_t kSnapshotMagic = 0x50414e53544c4146u;  // "FALTSNAP"
inline constexpr uint32_t kSnapshotSteps = 4096;
inline constexpr uint32_t kSnapshotOwnFiles = 64;
inline constexpr uint32_t kSnapshotHugepages = 32;
inline constexpr uint32_t kSnapshotText = 1u << 20;  // bytes for what the steps point at

// One system call of a list, or one of the things below that are none.
struct SnapshotStep {
  enum Special : int64_t {
    kCopy = -1,    // copies arguments[2] bytes from arguments[1] + arguments[3] to arguments[0]
    kThread = -2,  // clone3(2) of a thread: arguments[0] = clone_args, [1] = its size, [2] and [3]:
                   // the new thread carries out the steps from [2] up to [3], then stops itself by
                   // SIGSTOP until it is given the registers of the thread that it is to be
    kFork = -3,    // clone3(2) of a process: arguments[0] = clone_args, [1] = its size. The child
                   // goes on with the steps of SnapshotControl::child_begin to child_end
    kEqual = -4,   // not an error when arguments[0] and [1] are equal
  };
  enum Kind : uint8_t {
    kValue = 0,
    kText = 1,    // an offset in SnapshotControl::text: its address is meant
    kResult = 2,  // the index of an earlier step: its result is meant
    kNumber = 3,  // an offset in SnapshotControl::text: the 32-bit number there is meant
  };
  int64_t call = 0;
  uint64_t arguments[6] = {};
  uint8_t kinds[6] = {};
  uint8_t may_fail = 0;  // 1: the steps go on when it does
  uint8_t reserved = 0;
  int64_t result = 0;  // written by the agent; -errno
};

enum class CarrierState : uint32_t {
  kRuns = 0,
  kParked = 1,  // one thread is at SnapshotControl::wanted_site and waits for commands
  kStill = 2,   // likewise; and no thread is within the agent's heap
  kDone = 3,    // the steps have been carried out
  kFailed = 4,  // the step `failed_step` was an error
};

enum class CarrierCommand : uint32_t {
  kNone = 0,
  kHoldStill = 1,  // kParked -> kStill
  kRun = 2,        // carry out the steps from `begin` to `end`: kStill -> kDone or kFailed
  kGoOn = 3,       // -> kRuns
  kRelease = 4,    // -> kParked
};

// Starts the file; zeroes are a good beginning. `command` and `state` are followed by a futex(2)
// wake of their word.
struct SnapshotControl {
  uint64_t magic;
  // Where to stop: that occurrence of the site. 0 = nowhere. Written by the harness.
  std::atomic<uint64_t> wanted_site;
  std::atomic<uint64_t> wanted_occurrence;
  std::atomic<uint32_t> commands;  // how many were given; written last, behind what they are about
  std::atomic<uint32_t> answers;   // how many were carried out
  CarrierCommand command;
  std::atomic<CarrierState> state;
  uint32_t parked_thread;
  uint64_t call_instruction;  // where the carrier has a `syscall`, which any thread may execute
  uint64_t memset;            // the target's own
  uint64_t clear_memory;      // what may take its place; see agent/clear_memory.h
  uint32_t begin, end;        // of kRun
  uint32_t child_begin, child_end;  // of the child that it forks
  uint32_t failed_step;
  std::atomic<uint32_t> child_failed;  // 1: the child could not be made; failed_step says where
  // The child's own plan, which takes the place of the carrier's: an offset in text.
  uint32_t child_plan;
  // 1: shared memory that it maps and that becomes its own comes in large pages
  // (agent/own_memory.h).
  uint32_t child_large_pages;
  // Inodes of the files whose memory the carrier has made private: the child's is another than what
  // it would get by mapping such a file again.
  uint32_t child_own_file_count;
  uint64_t child_own_files[kSnapshotOwnFiles];
  // Where hugepages of its own are, as [begin, end): the first of them, if there are too many.
  uint32_t child_hugepage_count;
  struct Range {
    uint64_t begin, end;
  } child_hugepages[kSnapshotHugepages];
  SnapshotStep steps[kSnapshotSteps];
  char text[kSnapshotText];
};

}  // namespace faultline::protocol
