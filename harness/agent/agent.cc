#include <fcntl.h>
#include <cstring>

#include "harness/agent/agent_state.h"
#include "harness/agent/environment.h"
#include "harness/agent/hook_table.h"
#include "harness/agent/life_cycle.h"
#include "harness/agent/loader_hook.h"
#include "harness/agent/plan_map.h"
#include "harness/agent/raw.h"
#include "harness/agent/snapshot.h"
#include "harness/agent/stub.h"
#include "harness/agent/thread_state.h"

// The first and the last byte of this library.
extern "C" __attribute__((visibility("hidden"))) char __ehdr_start;
extern "C" __attribute__((visibility("hidden"))) char _end;

namespace faultline::agent {

namespace {

using namespace protocol;

constexpr char kLibrary[] = "libfaultline_agent.so";

// Where there is no journal to say it in: on the target's standard error.
void Complain(const char* text) {
  for (const char* part : {"faultline agent: ", text, "\n"}) {
    size_t size = 0;
    while (part[size] != '\0') {
      ++size;
    }
    Syscall(__NR_write, 2, part, size);
  }
}

// nullptr, or why not.
const char* OpenJournal(const MappedPlan& plan) {
  const MappedFile file = MapFile(plan.journal_path, /*writable=*/true);
  if (file.base == nullptr) {
    return "the journal cannot be mapped";
  }
  const bool usable = plan.header != nullptr;
  const char* refusal =
      the_agent.journal.Open(file.base, file.size, usable ? plan.header->hooks.count : 0,
                             usable ? plan.header->rules.count : 0);
  if (refusal == nullptr) {
    the_agent.journal.CloseUnusedRecords();
  }
  return refusal;
}

// Why the target must do without faults.
void BecomeInert(const char* reason) {
  if (the_agent.journal.is_open()) {
    the_agent.journal.AddMessage(reason);
    the_agent.journal.SetState(AgentState::kInert);
  } else {
    Complain(reason);
  }
}

const char* Start(const PlanHeader* plan) {
  the_agent.modules.Init(plan, &the_agent.journal);
  the_agent.walker.Init(&the_agent.modules, plan->wrappers.In(plan), plan->site_depth,
                        reinterpret_cast<uint64_t>(&__ehdr_start),
                        reinterpret_cast<uint64_t>(&_end));
  if (!the_agent.decision.Init(plan, &the_agent.journal, &the_agent.modules)) {
    return "no memory for the decision table";
  }
  const char* refusal = FillHookTable(plan);
  if (refusal != nullptr) {
    return refusal;
  }
  if ((plan->flags & kCarrier) != 0) {
    refusal = the_snapshot.Open(plan->snapshot_path.CString(plan));
    if (refusal != nullptr) {
      return refusal;
    }
  }
  the_agent.plan = plan;
  the_agent.journal.header()->target_pid = the_agent.journal.pid();
  InitVectorState();
  HookLoadedModules(/*announce_unplanned=*/false);
  const char* no_late_hooks = HookLoader();
  if (no_late_hooks != nullptr) {
    the_agent.journal.AddMessage(no_late_hooks);
  }
  WatchForkAndExit();
  the_agent.journal.SetState(AgentState::kReady);
  return nullptr;
}

// Is this process executing `path`?
bool IsRunning(const char* path) {
  char own[4096];
  const long size = Syscall(__NR_readlink, "/proc/self/exe", own, sizeof(own) - 1);
  if (size <= 0) {
    return false;
  }
  own[size] = '\0';
  return std::strcmp(own, path) == 0;
}

// Is this the process that the harness started? Only that one is a session's leader: what a wrapper
// runs before by the same name is not meant.
bool IsStarted() { return Syscall(__NR_getsid, 0) == Syscall(__NR_getpid); }

// Reads the number in front of kChildVariable's path, and moves `text` on to the path.
unsigned TakeNumber(const char*& text) {
  unsigned number = 0;
  while (*text >= '0' && *text <= '9') {
    number = number * 10 + static_cast<unsigned>(*text++ - '0');
  }
  text += *text == ' ' ? 1 : 0;
  return number;
}

// Is this the process of that number that asks, from 1 to 9? Each makes a file beside the plan that
// none has made before.
bool IsItsTurn(const char* plan_path, unsigned number) {
  char path[4096];
  const size_t size = std::strlen(plan_path);
  if (size + sizeof(".1") > sizeof(path)) {
    return number <= 1;
  }
  std::memcpy(path, plan_path, size);
  path[size] = '.';
  path[size + 2] = '\0';
  for (unsigned turn = 1; turn < number; ++turn) {
    path[size + 1] = static_cast<char>('0' + turn);
    const long fd =
        Syscall(__NR_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
      Syscall(__NR_close, fd);
      return false;
    }
  }
  return true;
}

// Does another process have the journal already?
bool IsTaken(const char* journal_path) {
  const MappedFile file = MapFile(journal_path, /*writable=*/false);
  return file.size >= sizeof(JournalHeader) &&
         static_cast<const JournalHeader*>(file.base)->target_pid.load() != 0;
}

// Runs before every other constructor of the process (-z initfirst): libc has not seen its
// environment yet, so that comes from the loader.
__attribute__((constructor)) void Construct(int, char**, char** environment) {
  const char* path = FindVariable(environment, kPlanVariable);
  if (path == nullptr) {
    return;
  }
  const char* program = FindVariable(environment, kProgramVariable);
  const char* child = FindVariable(environment, kChildVariable);
  const unsigned number = child != nullptr ? TakeNumber(child) : 0;
  if ((program != nullptr && !(IsRunning(program) && IsStarted())) ||
      (child != nullptr && !IsRunning(child))) {
    return;
  }
  const bool is_child = child != nullptr;
  if (is_child && !IsItsTurn(path, number)) {
    path = nullptr;
  }
  RemoveVariable(environment, kPlanVariable);
  RemoveVariable(environment, kProgramVariable);
  RemoveVariable(environment, kChildVariable);
  RemoveFromPreload(environment, kLibrary);
  if (path == nullptr) {
    return;
  }
  const BusyScope busy;
  const MappedPlan plan = MapPlan(path);
  if (is_child && plan.journal_path != nullptr && IsTaken(plan.journal_path)) {
    return;
  }
  const char* refusal = plan.journal_path == nullptr ? plan.refusal : OpenJournal(plan);
  if (refusal == nullptr) {
    refusal = plan.refusal;
  }
  if (refusal == nullptr) {
    refusal = Start(plan.header);
  }
  if (refusal != nullptr) {
    BecomeInert(refusal);
  }
}

}  // namespace
}  // namespace faultline::agent
