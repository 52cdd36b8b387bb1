#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace faultline {

// What a function that reads its arguments as main() does (int argc, char** argv) must be given.
struct ArgumentRule {
  std::string function;               // "" = no rule
  std::vector<std::string> required;  // each before any "--"
};

// Stops processes at the first call of certain functions, before these do anything, and looks at
// what they are given. By breakpoints of ptrace(2), so that nothing in the target has a say in it:
// arguments that stand in a file, or that a program makes up, are met as well as those of its
// command line. Only for x86-64, and for the thread that traces the processes.
//
// A function is looked for in the program, the libraries that it needs, and those that it opens
// later (dlopen(3)): the loader tells of each, before anything of it runs, where debuggers wait for
// that too. Not by name in a stripped file.
class ArgumentGuard {
 public:
  // What became of a trap.
  struct Hit {
    bool is_ours = false;  // a breakpoint of this object: the thread may go on without the signal,
                           // if `refusal` is ""
    bool is_rule = false;  // at the function of the rule that Watch() was given
    std::string refusal;   // why the process must not go on
  };

  // The process is stopped at its exec, at the new program's first instruction. `rule`: of the
  // program that is tested. Besides, rte_eal_init, wherever it is, must be given --no-pci, and no
  // option that takes the machine's memory. `must_find`: a program with DPDK in
  // which that function is not found is refused. Returns why the process must not go on; "" = it
  // may.
  std::string Watch(pid_t pid, const std::string& program, bool has_dpdk, const ArgumentRule& rule,
                    bool must_find);
  // `parent` has forked it: it has the same memory.
  void Fork(pid_t parent, pid_t pid);
  void Forget(pid_t pid) { watched_.erase(pid); }

  // Thread `tid` of process `pid` has stopped with SIGTRAP.
  Hit OnTrap(pid_t pid, pid_t tid);

 private:
  struct Breakpoint {
    uint8_t before = 0;  // the byte that was there
    std::vector<ArgumentRule> rules;
  };
  struct Watched {
    std::string program;
    std::string rule_function;
    std::vector<ArgumentRule> rules;
    bool must_find = false;
    uint64_t entry = 0;  // the program's: all its libraries are there then. 0 = it is behind that
    uint8_t at_entry = 0;
    std::map<uint64_t, Breakpoint> calls;  // by address
    // Where the loader tells of libraries (r_brk of <link.h>), as long as a rule's function has not
    // been found; 0 = not waited for.
    uint64_t loader = 0;
    uint8_t at_loader = 0;
    uint64_t behind_loader = 0;  // where it returns to: the agent has hooked the libraries then
    uint8_t at_behind_loader = 0;
    std::set<std::string> modules = {};  // that have been looked at
  };

  static std::string OnEntry(pid_t pid, Watched& watched);
  static void WaitForLoader(pid_t pid, Watched& watched);
  static void BehindLoader(pid_t pid, Watched& watched);
  static bool Find(pid_t pid, Watched& watched);

  std::map<pid_t, Watched> watched_;
};

// Why `args` (without argv[0]) do not fit `rule`; "" when they do.
std::string RefuseArguments(const std::vector<std::string>& args, const ArgumentRule& rule);

}  // namespace faultline
