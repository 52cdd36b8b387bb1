#include "harness/agent/life_cycle.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include <atomic>

#include "harness/agent/agent_state.h"
#include "harness/agent/heap.h"
#include "harness/agent/hooks.h"
#include "harness/agent/open_files.h"
#include "harness/agent/own_memory.h"
#include "harness/agent/thread_state.h"

// From main to the end: the phases of a run that the agent sees by itself.
namespace faultline::agent {
namespace {

using namespace protocol;

using MainFunction = int (*)(int, char**, char**);
using StartMain = int (*)(MainFunction, int, char**, void (*)(), void (*)(), void (*)(), void*);

constinit MainFunction target_main = nullptr;
constinit std::atomic<bool> exiting = false;
constinit std::atomic<bool> files_recorded = false;
constinit bool has_forked = false;

void Record(JournalRecord::Kind kind, uint64_t key) {
  const BusyScope busy;
  JournalRecord record;
  record.kind = kind;
  record.key = key;
  the_agent.journal.Append(record);
}

bool MayDetach() {
  return the_agent.HasFlag(kDetaches) && the_agent.journal.header()->settled.load() == 0;
}

// Of a daemon, the process that was started goes, and one that it has forked is the target.
bool HasSuccessor(int status) {
  if (!the_agent.HasFlag(kDetaches)) {
    return false;
  }
  return MayDetach() ? has_forked && status == 0
                     : the_agent.journal.header()->target_pid.load() != the_agent.journal.pid();
}

void NoteExit(int status) {
  if (hook_table.inert || HasSuccessor(status) || exiting.exchange(true)) {
    return;
  }
  Record(JournalRecord::kExiting, static_cast<uint64_t>(status));
  if (!the_agent.journal.is_child()) {
    the_agent.journal.SetState(AgentState::kExiting);
  }
}

// Behind the exit handlers of main and what it calls, also when main has returned: what is open now
// is what the target did not close.
void OnExit(int status, void*) {
  NoteExit(status);
  if (!hook_table.inert && !HasSuccessor(status) && !the_agent.journal.is_child() &&
      !files_recorded.exchange(true)) {
    const BusyScope busy;
    RecordOpenFiles();
  }
}

// The first thing in a child of fork().
void OnFork() {
  agent_heap.UnlockInChild();
  if (MayDetach()) {
    has_forked = false;
    the_agent.journal.BecomeSuccessor();
    Record(JournalRecord::kForked, the_agent.journal.pid());
    return;
  }
  the_agent.journal.BecomeChild();
  hook_table.inert = !the_agent.HasFlag(kFollowFork);
  Record(JournalRecord::kForked, the_agent.journal.pid());
}

void OnForked() {
  has_forked = true;
  NoteForkForOwnMemory();
}

int WatchedMain(int argc, char** argv, char** environment) {
  {
    const BusyScope busy;
    the_agent.journal.EnterMain();
    Record(JournalRecord::kMainEntered, 0);
    the_agent.journal.SetState(AgentState::kMainReached);
    // libfiu starts its thread anew in a forked child, open to all signals: of a daemon it would
    // take those that are the target's.
    if (!the_agent.HasFlag(kDetaches) && !the_agent.decision.StartRemoteControl()) {
      the_agent.journal.AddMessage("fiu-ctrl cannot be used: its FIFOs could not be made");
    }
    on_exit(&OnExit, nullptr);  // this one runs before the handlers of constructors
  }
  const int status = target_main(argc, argv, environment);
  NoteExit(status);
  return status;
}

}  // namespace

void WatchForkAndExit() {
  pthread_atfork(nullptr, &OnForked, &OnFork);
  on_exit(&OnExit, nullptr);
}

// Stands before libc's, which calls main. The program's own constructors run inside it.
extern "C" __attribute__((visibility("default"))) int __libc_start_main(MainFunction main, int argc,
                                                                        char** argv, void (*init)(),
                                                                        void (*fini)(),
                                                                        void (*loader_fini)(),
                                                                        void* stack_end) {
  StartMain start = nullptr;
  {
    const BusyScope busy;
    start = reinterpret_cast<StartMain>(dlsym(RTLD_NEXT, "__libc_start_main"));
  }
  if (the_agent.plan != nullptr) {
    target_main = main;
    main = &WatchedMain;
  }
  return start(main, argc, argv, init, fini, loader_fini, stack_end);
}

}  // namespace faultline::agent
