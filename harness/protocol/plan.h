#pragma once

#include "harness/protocol/layout.h"

// The plan: what the harness asks of the agent in one run. A file, written by the harness before
// the target starts and mapped read-only by the agent's constructor. The agent finds it by the
// environment variable kPlanVariable and trusts it only after the checks said at PlanHeader.
namespace faultline::protocol {

inline constexpr char kPlanVariable[] = "FAULTLINE_PLAN";
// The executable that the plan is for, when the one that is started executes it in its place
// (taskset, a script): until then the agent does nothing and leaves the environment as it is.
inline constexpr char kProgramVariable[] = "FAULTLINE_PROGRAM";
// "N PATH": the same, of the Nth process of the run that executes it, in a child of the started
// one.
inline constexpr char kChildVariable[] = "FAULTLINE_CHILD";
inline constexpr uint64_t kPlanMagic = 0x4e414c50544c4146u;  // "FALTPLAN"
inline constexpr uint32_t kPlanVersion = 6;
// Value that comes with the SIGSTOP of PlanRule::kStop, to tell it from anybody else's: "STOP".
inline constexpr int32_t kStopMark = 0x504f5453;
inline constexpr uint32_t kMaxRules = 256;  // one bit each in JournalHeader::armed

// What is wrong with a displaced instruction at its new place, relocated by the agent when it
// copies the trampoline. `position` is the offset of the field in the trampoline's bytes.
struct PlanFixup {
  enum Kind : uint32_t {
    kRelative32 = 0,  // 32-bit displacement from `next` (offset in the trampoline) to the target
    kAbsolute64 = 1,  // 64-bit address of the target
  };
  uint32_t position = 0;
  Kind kind = kRelative32;
  uint32_t next = 0;
  uint32_t reserved = 0;
  uint64_t target = 0;  // address in the hook's module, relative to its load bias
};

// A half-open range of code addresses [begin, end) of one module, relative to its load bias.
struct PlanRange {
  uint32_t module = 0;
  uint32_t reserved = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct PlanModule {
  Text path;            // as the harness read it; for messages only
  BuildId build_id;     // a loaded object is this module when the build-ids agree ...
  uint8_t is_main = 0;  // ... or, for a file without build-id, when its base name does too
  uint8_t reserved[6] = {};
  Text base_name;         // of `path`
  uint64_t tls_size = 0;  // p_memsz of PT_TLS, 0 when it has none
};

// One function entry to patch. `entry` is where callers jump to, `patch_at` where the five-byte
// jump is written (behind an endbr64). `original` are the bytes from `patch_at` on that the harness
// saw in the file: the agent refuses the hook when memory differs. `displaced` of them are
// overwritten (the jump, then int3); the trampoline holds the same instructions, relocated, and a
// jump back to patch_at + displaced.
struct PlanHook {
  uint32_t module = 0;
  uint32_t observer = kNone;  // index into PlanHeader::observers
  Array<uint32_t> points;     // indexes into PlanHeader::points; all share this function
  uint64_t entry = 0;
  uint64_t patch_at = 0;
  uint8_t displaced = 0;      // 5 to 32
  uint8_t original_size = 0;  // >= displaced
  uint8_t reserved[6] = {};
  uint8_t original[32] = {};
  Array<uint8_t> trampoline;
  Array<PlanFixup> fixups;
  Text symbol;
};

inline constexpr uint32_t kLastArgument = 11;  // 0 to 5 in registers, the others on the stack

// What a descriptor is. A file or directory has one more bit that says where it lies, a socket one
// or more that say what it speaks.
struct PlanDescriptor {
  enum Kind : uint64_t {
    kClosed = 1u << 0,
    kFile = 1u << 1,  // a regular one
    kDirectory = 1u << 2,
    kPipe = 1u << 3,
    kDevice = 1u << 4,     // block or character, but no terminal
    kTty = 1u << 5,        // a terminal
    kAnonymous = 1u << 6,  // eventfd, epoll, timerfd, signalfd, inotify, ...
    kSocket = 1u << 7,
    kStream = 1u << 8,  // a connection: SOCK_STREAM, SOCK_SEQPACKET
    kUnix = 1u << 9,
    kTcp = 1u << 10,
    kUdp = 1u << 11,
    kOnDisk = 1u << 12,  // a disk or a server, whatever may report an error
    kOnTmpfs = 1u << 13,
    kOnHugetlbfs = 1u << 14,
    kOnKernelFs = 1u << 15,  // /proc, /sys and the like
  };
};

// What is about to happen to a FILE of glibc's.
struct PlanStream {
  enum State : uint64_t {
    kNeedsInput = 1u << 0,  // its buffer is empty: to read is to ask the kernel
    kHasOutput = 1u << 1,   // something waits to be written
  };
};

// A condition under which a call belongs to a point. All must hold, but of those that stand
// together with the same group, not 0, one is enough.
struct PlanCondition {
  enum Kind : uint32_t {
    // Of the number that `source`, `width` and `offset` tell.
    kArgHasBits = 0,       // (number & value) != 0
    kArgEquals = 1,        // number == value
    kArgNotEquals = 2,     // number != value
    kArgSignedAtMost = 3,  // (int32_t)number <= (int32_t)value
    kLacksBits = 4,        // (number & value) == 0
    kAbove = 5,            // number > value, both with their signs
    kBelow = 6,            // number < value
    kOtherThread = 7,      // number is not the calling thread's pthread_t
    // Of the argument as it is.
    kAboveArgument = 8,  // larger than the argument `value`, both without signs
    kDescriptorIs = 9,   // any of the PlanDescriptor bits in `value`
    kDescriptorIsNot = 10,
    kPathOnHugetlbfs = 11,  // a path whose directory is on hugetlbfs (statfs)
    kStreamIs = 12,         // a FILE: any of the PlanStream bits in `value`
    kGrows = 13,        // a piece of malloc's memory, or null, that is too small for the argument
                        // value & 0xff, times the argument (value >> 8) - 1 unless that is -1
    kNewVariable = 14,  // "NAME=VALUE" or "NAME": the environment has no such variable
    kRaisesLimit = 15,  // an rlimit above the hard limit of the resource in argument `value`
    // Of the process.
    kNotRoot = 16,  // its effective user is not root
    kLastKind = kNotRoot
  };
  enum Source : uint32_t {
    kArgument = 0,
    kPointee = 1,         // `width` bytes at the argument + offset; a descriptor has 4
    kStreamArgument = 2,  // the argument is a FILE; of kDescriptorIs and -Not: its descriptor
  };
  Kind kind = kArgHasBits;
  uint32_t argument = 0;  // 0 to kLastArgument
  uint64_t value = 0;
  Source source = kArgument;
  uint32_t offset = 0;
  uint32_t width = 8;  // bytes of the number, which has a sign: 1, 2, 4 or 8
  uint32_t group = 0;
};

// Something that is replaced while the original runs, so that it fails by itself, with all that
// such a failure leaves behind.
struct PlanReplacement {
  enum Kind : uint32_t {
    kText = 0,     // the argument becomes the address of `text`
    kNumber = 1,   // the argument becomes `value`
    kPointee = 2,  // `width` bytes at the argument + offset become `value`; restored afterwards
  };
  Kind kind = kText;
  uint32_t argument = 0;  // 0 to 5
  uint32_t offset = 0;
  uint32_t width = 8;  // 1, 2, 4 or 8
  uint64_t value = 0;
  Text text;
};

// A thread-local int that the failing function also sets, as rte_errno. Found at
// TLS block of `module` + `offset`.
struct PlanErrorVariable {
  uint32_t module = kNone;
  uint32_t reserved = 0;
  uint64_t offset = 0;
};

struct PlanPoint {
  Text name;                // as in the catalogue; also the name of the libfiu point of failure
  uint64_t result = 0;      // returned in rax; xmm0 is zeroed too, so that a double is 0.0
  int32_t errno_value = 0;  // 0: errno is left alone
  int32_t error_value = 0;  // written to error_variable
  uint32_t error_variable = kNone;  // index into PlanHeader::error_variables
  // 1: calls that are not failed are waited for, see JournalRecord::kReturned. Of the points that
  // one call belongs to, the first such one is told of.
  uint32_t watch_return = 0;
  Array<PlanCondition> conditions;
  // Not empty: the original runs with these and fails by itself; its own result is returned, and
  // errno is errno_value unless that is 0. At most one of them is a kPointee.
  Array<PlanReplacement> replacements;
  uint32_t after_call = 0;     // 1: the original runs, then the failure is reported
  uint32_t held_file = kNone;  // argument with the descriptor of a file that another process
                               // holds: a kHeldFile record names it
  uint64_t name_hash = 0;      // HashText(name)
};

// One armed fault: which calls of `point` it hits and what happens to them. A call is counted by
// the rule when every filter holds (armed, site, callers, phase); the counted calls first,
// first+step, ... up to last are hit.
struct PlanRule {
  enum Action : uint32_t {
    kFail = 0,    // the call does not happen; the point's result is returned. The agent first calls
                  // its empty function faultline_injected_call(), for gdb to break on
    kSignal = 1,  // `signal` is sent to the process, then the call goes on
    kStop = 2,    // the calling thread stops itself until the tracer, which knows it
                  // by kStopMark, lets it go on; then the call goes on
  };
  enum Phase : uint32_t { kAnyPhase = 0, kBeforeMain = 1, kAfterMain = 2 };
  enum CallerDepth : uint32_t { kAnyFrame = 0, kDirectCaller = 1 };

  uint32_t point = kNone;
  Action action = kFail;
  int32_t signal = 0;
  Phase phase = kAnyPhase;
  uint64_t site = 0;   // 0: any site; else SiteEntry::hash
  uint64_t first = 1;  // 1-based; with a site, the occurrence on that stack since the start;
                       // otherwise counted calls since the rule was armed
  uint64_t last = 1;   // UINT64_MAX: persistent
  uint64_t step = 1;   // >= 1
  uint64_t seed = 0;
  uint64_t chance = 0;  // 0: always; else hit when HashMix(HashMix(seed, site), occurrence) >> 11
                        // is below it, in units of 2^-53
  Array<PlanRange> callers;  // empty: any caller
  CallerDepth caller_depth = kAnyFrame;
  uint32_t armed_at_start = 1;  // initial value of its bit in JournalHeader::armed
  int64_t result_override = 0;
  int32_t errno_override = 0;
  uint32_t has_override = 0;  // bit 0: result_override, bit 1: errno_override
  uint32_t after = kNone;     // index of a rule; calls count only behind one that that rule hit
  uint32_t reserved = 0;
};

// A function whose calls are journaled whatever the rules say; the harness rebuilds registries of
// live objects from them.
struct PlanObserver {
  enum Key : uint32_t {
    kKeyArgument0 = 0,  // .. 5
    kKeyPointee0 = 8,   // .. 13: the 8-byte word that argument 0 .. 5 points at
    kKeyResult = 16,
    kKeyNone = 17
  };
  Text name;                   // catalogue name of the observer
  uint32_t key = 0;            // a Key
  uint32_t label = kNone;      // argument whose C string is copied to the record, or kNone
  uint32_t wrap = 0;           // 1: the original is called from the stub and its result recorded
  uint32_t stack_words = 0;    // with wrap: 8-byte words of stack arguments to copy, 0 to 32
  uint32_t is_error_note = 0;  // 1: not journaled; marks the wrapped call it happens in as failed
  uint32_t reserved = 0;
  Array<PlanCondition> conditions;
  Array<PlanRange> ignore_callers;  // calls from these ranges (direct caller) are flagged, see
                                    // JournalRecord::kFromIgnoredCaller
};

enum PlanFlags : uint32_t {
  kRecordSites = 1u << 0,  // follow every call of every point to its site (a census)
  kFollowFork = 1u << 1,   // rules and journal stay active in forked children
  // The target forks itself and ends (a daemon): until JournalHeader::settled a forked child is as
  // much the target as its parent.
  kDetaches = 1u << 2,
  kRemoteControl = 1u << 3,  // fiu_rc_fifo: `fiu-ctrl` may switch points by hand
  kCarrier = 1u << 4,        // it is forked at its sites, see protocol/snapshot.h: every call of
                             // every point is followed to its site, and none is recorded
};

// Starts the file. The agent is inert, and says so in JournalHeader::agent_state, when magic,
// version or size do not fit or an array lies outside the file.
struct PlanHeader {
  uint64_t magic = kPlanMagic;
  uint32_t version = kPlanVersion;
  uint32_t flags = 0;
  uint64_t file_size = 0;
  Text journal_path;         // absolute
  Text fifo_prefix;          // with kRemoteControl: absolute path prefix of the FIFOs
  Text snapshot_path;        // with kCarrier: the control file, absolute
  uint32_t site_depth = 16;  // canonical frames that make a site, 1 to kMaxFrames
  uint32_t reserved = 0;
  Array<PlanModule> modules;
  Array<PlanHook> hooks;  // sorted by module
  Array<PlanPoint> points;
  Array<PlanErrorVariable> error_variables;
  Array<PlanRule> rules;  // at most kMaxRules; the first that hits decides
  Array<PlanObserver> observers;
  Array<PlanRange> wrappers;  // frames in these ranges do not count as part of a stack
};

}  // namespace faultline::protocol
