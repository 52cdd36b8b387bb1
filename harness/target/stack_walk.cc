#include "harness/target/stack_walk.h"

#include <elfutils/libdwfl.h>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/evidence/evidence.h"
#include "harness/target/proc_status.h"
#include "harness/target/wild_call.h"

namespace faultline {
namespace {

struct DwflCloser {
  void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};

// Unwinding needs .eh_frame only. elfutils' own function would look for debug files, and may ask
// debuginfod servers over the network.
int NoDebugInfo(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word,
                char**) {
  return -1;
}

RawFrame MakeFrame(Dwfl* dwfl, Dwarf_Addr pc, bool is_return_address) {
  RawFrame frame{.module_path = {}, .offset = pc, .is_return_address = is_return_address};
  // The byte before a return address is surely in the caller: a call that does not return may be
  // the last instruction of a module.
  Dwfl_Module* module = dwfl_addrmodule(dwfl, is_return_address ? pc - 1 : pc);
  GElf_Addr bias = 0;
  if (module == nullptr || dwfl_module_getelf(module, &bias) == nullptr) {
    return frame;
  }
  const char* file = nullptr;
  const char* name =
      dwfl_module_info(module, nullptr, nullptr, nullptr, nullptr, nullptr, &file, nullptr);
  frame.module_path = file != nullptr ? file : name;
  if (frame.module_path.starts_with("[vdso")) {
    frame.module_path = "[vdso]";  // elfutils adds the process id
  }
  frame.offset = pc - bias;
  return frame;
}

struct Walk {
  Dwfl* dwfl;
  Deadline deadline;
  RawThreadStack& stack;
  bool first_is_caller = false;  // the walk begins behind a call that led to no code
};

int OnFrame(Dwfl_Frame* frame, void* argument) {
  Walk& walk = *static_cast<Walk*>(argument);
  Dwarf_Addr pc = 0;
  bool is_activation = false;
  if (walk.stack.frames.size() >= kMaxStackFrames || Clock::now() >= walk.deadline ||
      !dwfl_frame_pc(frame, &pc, &is_activation)) {
    walk.stack.truncated = true;
    return DWARF_CB_ABORT;
  }
  // The end of the chain on x86-64 is a return address of 0, where it is not marked undefined.
  if (pc == 0 && !walk.stack.frames.empty()) {
    return DWARF_CB_ABORT;
  }
  const bool is_call = std::exchange(walk.first_is_caller, false);
  walk.stack.frames.push_back(MakeFrame(walk.dwfl, pc, !is_activation || is_call));
  return DWARF_CB_OK;
}

}  // namespace

std::vector<RawThreadStack> WalkStacks(const std::vector<pid_t>& tids, Deadline deadline,
                                       std::string& note) {
  if (tids.empty()) {
    note = "no stacks: the target has no thread that could be halted";
    return {};
  }
  // Any thread's maps are the process's; those of a main thread that has exited are empty.
  const pid_t pid = tids.front();
  static const Dwfl_Callbacks kCallbacks = {.find_elf = dwfl_linux_proc_find_elf,
                                            .find_debuginfo = NoDebugInfo,
                                            .section_address = nullptr,
                                            .debuginfo_path = nullptr};
  const std::unique_ptr<Dwfl, DwflCloser> dwfl(dwfl_begin(&kCallbacks));
  if (!dwfl || dwfl_linux_proc_report(dwfl.get(), pid) != 0 ||
      dwfl_report_end(dwfl.get(), nullptr, nullptr) != 0 ||
      dwfl_linux_proc_attach(dwfl.get(), pid, /*assume_ptrace_stopped=*/true) != 0) {
    const char* why = dwfl_errmsg(-1);
    note = std::string("no stacks: ") + (why != nullptr ? why : "the target has gone");
    return {};
  }
  std::vector<RawThreadStack> stacks;
  for (const pid_t tid : tids) {
    RawThreadStack& stack = stacks.emplace_back();
    stack.tid = tid;
    stack.name = ProcessName(tid);
    Walk walk{dwfl.get(), deadline, stack};
    const std::optional<WildCall> wild = WildCall::Undo(tid);
    if (wild) {
      stack.frames.push_back({std::string(kNoCode), wild->address(), false});
      walk.first_is_caller = true;
    }
    if (dwfl_getthread_frames(dwfl.get(), tid, OnFrame, &walk) < 0) {
      stack.truncated = true;
    }
  }
  return stacks;
}

}  // namespace faultline
