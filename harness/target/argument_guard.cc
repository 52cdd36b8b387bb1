#include "harness/target/argument_guard.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "harness/target/elf_facts.h"
#include "harness/target/process_memory.h"
#include "harness/target/safety.h"

namespace faultline {
namespace {

constexpr uint8_t kBreakpoint = 0xcc;  // int3
constexpr char kEalInit[] = "rte_eal_init";
constexpr char kNoPci[] = "--no-pci";
// An empty function that the loader calls when libraries have come or gone; see r_brk in <link.h>.
constexpr char kLoaderTells[] = "_dl_debug_state";
// Above anything a person writes: execve(2) takes 2 MiB in all.
constexpr int kMostArguments = 10'000;
constexpr size_t kMostBytes = size_t{128} << 10;

// What was there, or nothing when the memory cannot be changed.
std::optional<uint8_t> Exchange(pid_t pid, uint64_t address, uint8_t byte) {
  errno = 0;
  const long word = ptrace(PTRACE_PEEKTEXT, pid, address, nullptr);
  if (errno != 0) {
    return std::nullopt;
  }
  const auto changed = static_cast<long>((static_cast<uint64_t>(word) & ~uint64_t{0xff}) | byte);
  if (ptrace(PTRACE_POKETEXT, pid, address, changed) != 0) {
    return std::nullopt;
  }
  return static_cast<uint8_t>(word);
}

// The thread has run into a breakpoint: it is to execute what was there.
bool StepBack(pid_t tid, user_regs_struct registers, uint64_t address) {
  registers.rip = address;
  return ptrace(PTRACE_SETREGS, tid, nullptr, &registers) == 0;
}

// What stands at the beginning of the loader's empty function, or where the agent has put its jump.
constexpr uint8_t kReturn = 0xc3;
constexpr uint8_t kJump = 0xe9;  // with a distance of 4 bytes
constexpr uint8_t kEndbr64 = 0xf3;

// The thread has run into a breakpoint at `address`: what was there, `before`, is done for it, so
// that the breakpoint can stay.
bool DoForIt(pid_t tid, user_regs_struct registers, uint64_t address, uint8_t before) {
  constexpr uint64_t kEndbr64Size = 4;
  errno = 0;
  if (before == kReturn) {
    registers.rip = static_cast<uint64_t>(ptrace(PTRACE_PEEKDATA, tid, registers.rsp, nullptr));
    registers.rsp += sizeof(uint64_t);
  } else if (before == kJump) {
    const auto distance = static_cast<int32_t>(ptrace(PTRACE_PEEKTEXT, tid, address + 1, nullptr));
    registers.rip = address + 1 + sizeof(distance) + static_cast<uint64_t>(int64_t{distance});
  } else {
    registers.rip = address + kEndbr64Size;
  }
  return errno == 0 && ptrace(PTRACE_SETREGS, tid, nullptr, &registers) == 0;
}

// Files that the process has mapped from their beginning, and where: its program and libraries.
std::vector<std::pair<std::filesystem::path, uint64_t>> Modules(pid_t pid) {
  std::vector<std::pair<std::filesystem::path, uint64_t>> modules;
  std::set<std::string> seen;
  for (const Mapping& mapping : MappingsOf(pid)) {
    if (mapping.path.starts_with('/') && mapping.offset == 0 && seen.insert(mapping.path).second) {
      modules.emplace_back(mapping.path, mapping.begin);
    }
  }
  return modules;
}

// In one module of the process.
std::optional<uint64_t> AddressIn(pid_t pid,
                                  const std::pair<std::filesystem::path, uint64_t>& module,
                                  const std::string& function) {
  // Where the target has mounts of its own, its files are below its root.
  const std::filesystem::path seen = fmt::format("/proc/{}/root{}", pid, module.first.string());
  const std::optional<uint64_t> offset = FunctionOffset(seen, function);
  return offset ? std::optional<uint64_t>(module.second + *offset) : std::nullopt;
}

// argv without argv[0]; nothing when these are no arguments as main() has them.
std::optional<std::vector<std::string>> ReadArguments(pid_t pid,
                                                      const user_regs_struct& registers) {
  const int count = static_cast<int>(registers.rdi);  // System V ABI, 3.2.3
  if (count < 0 || count > kMostArguments) {
    return std::nullopt;
  }
  std::vector<std::string> arguments;
  for (int i = 1; i < count; ++i) {
    uint64_t pointer = 0;
    if (!ReadMemory(pid, registers.rsi + sizeof(pointer) * static_cast<size_t>(i), &pointer,
                    sizeof(pointer))) {
      return std::nullopt;
    }
    const std::optional<std::string> text = ReadText(pid, pointer, kMostBytes);
    if (!text) {
      return std::nullopt;
    }
    arguments.push_back(*text);
  }
  return arguments;
}

std::string Quoted(const std::vector<std::string>& arguments) {
  constexpr size_t kMostShown = 400;
  std::string text = fmt::format("{}", fmt::join(arguments, " "));
  if (text.size() > kMostShown) {
    text.replace(kMostShown, std::string::npos, "...");
  }
  return text;
}

// Why the call that is about to begin must not be.
std::string RefuseCall(pid_t pid, const user_regs_struct& registers, const std::string& program,
                       const ArgumentRule& rule) {
  if (rule.required.empty()) {
    return "";
  }
  const std::optional<std::vector<std::string>> arguments = ReadArguments(pid, registers);
  if (!arguments) {
    return fmt::format(
        "{} does not go on: what {} is given are no arguments as main() has them (int argc, char** "
        "argv), so that {} cannot be looked for",
        program, rule.function, fmt::join(rule.required, ", "));
  }
  const std::string refusal = RefuseArguments(*arguments, rule);
  return refusal.empty() ? ""
                         : fmt::format("{} does not go on: it gives {} the arguments `{}`, and {}",
                                       program, rule.function, Quoted(*arguments), refusal);
}

}  // namespace

std::string RefuseArguments(const std::vector<std::string>& args, const ArgumentRule& rule) {
  const auto end = std::find(args.begin(), args.end(), "--");
  for (const std::string& required : rule.required) {
    if (std::find(args.begin(), end, required) == end) {
      return fmt::format("{} is not among them, before any \"--\"", required);
    }
  }
  return rule.function == kEalInit ? RefuseMemoryOptions(args) : "";
}

std::string ArgumentGuard::Watch(pid_t pid, const std::string& program, bool has_dpdk,
                                 const ArgumentRule& rule, bool must_find) {
  watched_.erase(pid);
  Watched watched;
  watched.program = program;
  watched.must_find = must_find && has_dpdk;
  if (!rule.function.empty()) {
    watched.rules.push_back(rule);
    watched.rule_function = rule.function;
  }
  watched.rules.push_back({kEalInit, {kNoPci}});  // though it may come with a library, later
  watched.entry = EntryPoint(pid).value_or(0);
  const std::optional<uint8_t> before =
      watched.entry == 0 ? std::nullopt : Exchange(pid, watched.entry, kBreakpoint);
  if (!before) {
    return watched.must_find || !rule.function.empty()
               ? program + " does not go on: it cannot be stopped at its entry"
               : "";
  }
  watched.at_entry = *before;
  watched_[pid] = std::move(watched);
  return "";
}

void ArgumentGuard::Fork(pid_t parent, pid_t pid) {
  if (const auto found = watched_.find(parent); found != watched_.end() && parent != pid) {
    watched_.try_emplace(pid, Watched(found->second));  // it may have executed another already
  }
}

// Looks at the modules that have come since the last time. True when each function is somewhere.
bool ArgumentGuard::Find(pid_t pid, Watched& watched) {
  for (const auto& module : Modules(pid)) {
    if (!watched.modules.insert(module.first).second) {
      continue;
    }
    for (const ArgumentRule& rule : watched.rules) {
      const std::optional<uint64_t> address = AddressIn(pid, module, rule.function);
      if (!address) {
        continue;
      }
      const auto known = watched.calls.find(*address);
      const std::optional<uint8_t> before = known == watched.calls.end()
                                                ? Exchange(pid, *address, kBreakpoint)
                                                : known->second.before;
      if (before) {
        watched.calls[*address].before = *before;
        watched.calls[*address].rules.push_back(rule);
      }
    }
  }
  return std::all_of(watched.rules.begin(), watched.rules.end(), [&](const ArgumentRule& rule) {
    return std::any_of(watched.calls.begin(), watched.calls.end(), [&](const auto& call) {
      return std::any_of(call.second.rules.begin(), call.second.rules.end(),
                         [&](const ArgumentRule& one) { return one.function == rule.function; });
    });
  });
}

std::string ArgumentGuard::OnEntry(pid_t pid, Watched& watched) {
  Exchange(pid, watched.entry, watched.at_entry);
  watched.entry = 0;
  if (Find(pid, watched)) {
    return "";
  }
  const bool has_eal =
      std::any_of(watched.calls.begin(), watched.calls.end(), [](const auto& call) {
        return std::any_of(call.second.rules.begin(), call.second.rules.end(),
                           [](const ArgumentRule& rule) { return rule.function == kEalInit; });
      });
  if (!has_eal && watched.must_find) {
    return fmt::format(
        "{} does not go on: {} is not found in it (a stripped program?), so that nothing proves "
        "that it is given {}",
        watched.program, kEalInit, kNoPci);
  }
  WaitForLoader(pid, watched);
  return "";
}

void ArgumentGuard::WaitForLoader(pid_t pid, Watched& watched) {
  for (const auto& module : Modules(pid)) {
    const std::optional<uint64_t> address = AddressIn(pid, module, kLoaderTells);
    uint8_t code[4] = {};
    if (!address || !ReadMemory(pid, *address, code, sizeof(code))) {
      continue;
    }
    constexpr uint8_t kWhole[] = {kEndbr64, 0x0f, 0x1e, 0xfa};
    const bool is_known = code[0] == kReturn || code[0] == kJump ||
                          std::equal(std::begin(kWhole), std::end(kWhole), code);
    if (is_known && Exchange(pid, *address, kBreakpoint)) {
      watched.loader = *address;
      watched.at_loader = code[0];
    }
    return;
  }
}

void ArgumentGuard::BehindLoader(pid_t pid, Watched& watched) {
  Exchange(pid, watched.behind_loader, watched.at_behind_loader);
  watched.behind_loader = 0;
  if (Find(pid, watched)) {
    Exchange(pid, watched.loader, watched.at_loader);
    watched.loader = 0;
  }
}

ArgumentGuard::Hit ArgumentGuard::OnTrap(pid_t pid, pid_t tid) {
  const auto found = watched_.find(pid);
  siginfo_t info = {};
  user_regs_struct registers = {};
  if (found == watched_.end() || ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) != 0 ||
      info.si_code != SI_KERNEL ||  // so int3 is told: do_int3() in the kernel's kernel/traps.c
      ptrace(PTRACE_GETREGS, tid, nullptr, &registers) != 0) {
    return {};
  }
  Watched& watched = found->second;
  const uint64_t address = registers.rip - 1;
  Hit hit;
  if (watched.entry == address) {
    hit.is_ours = true;
    hit.refusal = OnEntry(pid, watched);
  } else if (watched.loader == address) {
    hit.is_ours = true;
    const auto caller = static_cast<uint64_t>(ptrace(PTRACE_PEEKDATA, tid, registers.rsp, nullptr));
    if (const std::optional<uint8_t> before = Exchange(pid, caller, kBreakpoint)) {
      watched.behind_loader = caller;
      watched.at_behind_loader = *before;
    }
    if (!DoForIt(tid, registers, address, watched.at_loader)) {
      hit.refusal = watched.program + " does not go on: it cannot be let go where it was stopped";
    }
    return hit;
  } else if (watched.behind_loader == address) {
    hit.is_ours = true;
    BehindLoader(pid, watched);
  } else if (const auto call = watched.calls.find(address); call != watched.calls.end()) {
    hit.is_ours = true;
    for (const ArgumentRule& rule : call->second.rules) {
      hit.is_rule |= rule.function == watched.rule_function;
      if (hit.refusal.empty()) {
        hit.refusal = RefuseCall(pid, registers, watched.program, rule);
      }
    }
    Exchange(pid, address, call->second.before);
    watched.calls.erase(call);
  } else {
    return {};
  }
  if (!StepBack(tid, registers, address) && hit.refusal.empty()) {
    hit.refusal = watched.program + " does not go on: it cannot be let go where it was stopped";
  }
  return hit;
}

}  // namespace faultline
