#pragma once

#include <array>
#include <atomic>
#include <cstring>

#include "harness/protocol/layout.h"

// The journal: what the agent saw. A file in the run directory, created at its full (sparse) size
// by the harness, mapped shared by both; it survives any death of the target. The agent only
// appends; the harness writes nothing but `step`, `armed` and, when it arms a rule, the rule's
// `counted`. All counters are relaxed atomics unless said.
namespace faultline::protocol {

inline constexpr uint64_t kJournalMagic = 0x4e524a544c554146u;  // "FAULTJRN"
inline constexpr uint32_t kJournalVersion = 4;
inline constexpr uint32_t kMaxFrames = 32;  // canonical frames kept of a stack
inline constexpr uint32_t kMaxModules = 1024;
inline constexpr uint32_t kModulePathSize = 232;
inline constexpr uint32_t kLabelSize = 56;

static_assert(std::atomic<uint64_t>::is_always_lock_free);

enum class AgentState : uint32_t {
  kAbsent = 0,  // never spoke: the preload did not load
  kInert = 1,   // loaded, but the plan was refused; see agent_message
  kReady = 2,   // hooks are in, before main
  kMainReached = 3,
  kExiting = 4,  // the process left main or called exit (an atexit handler ran)
};

enum class HookStatus : uint32_t {
  kPending = 0,  // its module has not been loaded
  kInstalled = 1,
  kBytesDiffer = 2,  // memory is not what the file holds (a breakpoint, another patcher)
  kNoRoom = 3,       // no free address range within 2 GiB
  kNotWritable = 4,  // the kernel refused to change the page
  kOutOfReach = 5,   // a displaced operand lies beyond 2 GiB of the trampoline
};

struct HookState {
  std::atomic<uint64_t> calls;
  std::atomic<HookStatus> status;
  uint32_t reserved;
};

struct RuleState {
  std::atomic<uint64_t> counted;  // calls that met the filters since the rule was armed last
  std::atomic<uint64_t> hits;
};

struct ModuleEntry {
  uint64_t base;        // load bias of this process
  uint64_t text_begin;  // lowest and highest address of its segments, relative to the bias
  uint64_t text_end;
  uint64_t name_hash;    // HashText(base name); the main program's is HashText("")
  uint32_t plan_module;  // index into PlanHeader::modules, or kNone: not announced to the planner
  uint32_t unloaded;     // 1 when it was unmapped later
  BuildId build_id;
  uint8_t reserved[3];
  char path[kModulePathSize];  // NUL-terminated, cut at the front when longer
};

// One distinct call stack: canonical frames, innermost first, without agent and wrapper frames. The
// rows are taken one behind the other: strewn over the table by their hashes, some hundred stacks
// would touch, and a snapshot's child copy, as many pages.
struct StackEntry {
  std::atomic<uint64_t> hash;   // 0: not written yet. Stored last (release)
  uint32_t depth;               // 1 to kMaxFrames
  uint32_t truncated;           // 1: there were more frames
  uint64_t frames[kMaxFrames];  // see PackFrame
};

// Where a row of the stack or the site table is found again by its hash: the hash's upper half
// << 32 | row + 1. 0: free slot. Half of the hash tells most rows apart, the row's own tells all.
struct HashSlot {
  static constexpr uint32_t kBeingWritten = 0xffff'fffe;  // in place of row + 1
  static constexpr uint32_t kNoRoom = 0xffff'ffff;        // the table had no row left
  static constexpr uint64_t kHashHalf = uint64_t{0xffff'ffff} << 32;
  // For the two above it lies behind every table.
  static constexpr uint32_t RowOf(uint64_t word) { return static_cast<uint32_t>(word) - 1; }
  static constexpr uint64_t WordOf(uint64_t hash, uint32_t row) {
    return (hash & kHashHalf) | (row + 1);
  }
  std::atomic<uint64_t> word;
};

// A frame is (index into the module table + 1) << 48 | (return address - load bias); a frame
// outside every module is kept as its low 48 bits.
constexpr uint64_t PackFrame(uint32_t module, uint64_t offset) {
  return (static_cast<uint64_t>(module) + 1) << 48 | (offset & 0xffffffffffffu);
}
constexpr uint32_t FrameModule(uint64_t frame) {
  return frame >> 48 == 0 ? kNone : static_cast<uint32_t>(frame >> 48) - 1;
}
constexpr uint64_t FrameOffset(uint64_t frame) { return frame & 0xffffffffffffu; }

// A fault point reached by a stack. `hash` = HashMix over the stack's hash and the point's
// name_hash, in that order; the stack's hash is HashMix, from 0, over (module name_hash, offset) of
// the first PlanHeader::site_depth canonical frames, (0, 0) for one outside every module. Hence
// equal in every run of the same files. Computed by site_hash.h. A stack ends where a signal
// handler was called. Rows are taken as the stacks' are.
struct SiteEntry {
  std::atomic<uint64_t> hash;   // 0: not written yet. Stored last (release)
  std::atomic<uint64_t> calls;  // occurrences so far
  uint32_t point;
  uint32_t stack;  // index into the stack table
};

// A start of spdk_tgt makes half a million calls of 800 sites: with a record of each the journal
// would be full before the first RPC, and no object could be followed to its end.
inline constexpr uint64_t kMostRecordedCalls = 16;
inline constexpr uint64_t kMostInjectedRecords = 1'000;
inline constexpr uint64_t kMostRecordedReturns = 16;

struct JournalRecord {
  enum Kind : uint16_t {
    kCall = 1,      // a call of a point that went on (only with kRecordSites); of each site the
                    // first kMostRecordedCalls
    kInjected = 2,  // a call that a rule hit; of each rule the first kMostInjectedRecords
    kObserved = 3,  // a call of an observed function
    kThread = 4,    // first event of a thread: label is its name
    kModule = 5,    // index is a row of the module table
    kMainEntered = 6,
    kExiting = 7,     // key is the status when known
    kForked = 8,      // key is the child's pid; written by the parent's agent in the child
    kLateModule = 9,  // a loaded module that the plan did not know
    kOpenFile = 10,   // behind kExiting: an open descriptor, key is its number, label what it is
                      // (as /proc/PID/fd says it), its end when it is too long
    // Of points with PlanPoint::watch_return; index, site, stack and occurrence are those of the
    // watched call.
    kHitBelow = 11,  // the first call that a rule failed while the watched one went on, in its
                     // thread; written at once, since the watched call may never come back
    kReturned = 12,  // a watched call came back with `result`: of each site the first
                     // kMostRecordedReturns, and all with kHitBelow
    kHeldFile = 13,  // behind kInjected, with PlanPoint::held_file: label is the file's path, its
                     // end when it is too long
  };
  enum Flags : uint16_t {
    kBeforeMain = 1u << 0,
    kInChild = 1u << 1,  // of a forked child
    kFromIgnoredCaller = 1u << 2,
    kErrorNoted = 1u << 3,  // an error note came while the wrapped original ran, or the
                            // original did not run because a rule failed the call
    kInsideWrap = 1u << 4,  // the call happened inside another wrapped call
    kHitInside = 1u << 5,   // of kReturned: there is a kHitBelow record of the call
  };
  uint64_t sequence = 0;  // position + 1; stored last (release), 0 means not written yet
  uint64_t time_ns = 0;   // CLOCK_MONOTONIC
  uint32_t pid = 0;
  uint32_t tid = 0;
  uint16_t kind = 0;
  uint16_t flags = 0;
  uint32_t index = 0;      // point (kCall, kInjected), observer (kObserved), module
  uint32_t stack = kNone;  // index into the stack table
  uint32_t site = kNone;   // index into the site table
  uint32_t rule = kNone;
  uint32_t step = 0;        // JournalHeader::step at the time
  uint64_t occurrence = 0;  // of the site, 1-based; 0: its calls were not counted from the start
  uint64_t key = 0;         // observer's key
  uint64_t result = 0;      // of a wrapped or injected call
  char label[kLabelSize] = {};  // NUL-terminated, cut when longer; of kInjected see ArgumentsOf
};
static_assert(sizeof(JournalRecord) == 128);

// The integer arguments of a kInjected call (rdi, rsi, rdx, rcx, r8, r9), kept where other records
// have their label.
inline constexpr uint32_t kArguments = 6;
static_assert(kArguments * sizeof(uint64_t) <= kLabelSize);
inline std::array<uint64_t, kArguments> ArgumentsOf(const JournalRecord& record) {
  std::array<uint64_t, kArguments> arguments;
  std::memcpy(arguments.data(), record.label, sizeof(arguments));
  return arguments;
}

// Starts the file; the tables follow at the given offsets.
struct JournalHeader {
  uint64_t magic;
  uint32_t version;
  uint32_t closed;  // 1 once the harness has taken the evidence
  uint64_t file_size;
  uint32_t hooks_offset, hooks_capacity;      // HookState, as PlanHeader::hooks
  uint32_t rules_offset, rules_capacity;      // RuleState, as PlanHeader::rules
  uint32_t modules_offset, modules_capacity;  // ModuleEntry
  uint32_t stacks_offset, stacks_capacity;    // StackEntry
  uint32_t sites_offset, sites_capacity;      // SiteEntry
  // HashSlot of the two: powers of two, open addressing.
  uint32_t stack_slots_offset, stack_slots_capacity;
  uint32_t site_slots_offset, site_slots_capacity;
  uint64_t records_offset, records_capacity;  // JournalRecord

  std::atomic<AgentState> agent_state;
  std::atomic<uint32_t> step;         // current step, set by the harness; 0 before the first
  std::atomic<uint64_t> armed[4];     // bit r: rule r is armed
  std::atomic<uint32_t> modules;      // rows used (release)
  std::atomic<uint32_t> stacks;       // rows claimed, of which the table may lack the last ones
  std::atomic<uint32_t> sites;        // likewise
  std::atomic<uint32_t> target_pid;   // set by the agent; of a daemon, later by the harness
  std::atomic<uint64_t> records;      // records claimed; more than the capacity means lost ones
  std::atomic<uint64_t> lost_stacks;  // stacks or sites for which the table had no room
  std::atomic<uint64_t> settled;      // 1, set by the harness: target_pid detaches no more
  std::atomic<uint64_t> paused;       // 1, set by the harness: calls are not counted at their sites
  // 1: what a forked target shares with itself or with a child process became its own (see
  // agent/own_memory.h): it did not live as it would have.
  std::atomic<uint64_t> unlike_shared;
  char agent_message[256];  // why it is inert, or what it could not do
};

}  // namespace faultline::protocol
