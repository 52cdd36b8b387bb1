#include "harness/run/launchers.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <string_view>

namespace faultline {

namespace fs = std::filesystem;

bool IsScriptOrShell(const fs::path& program) {
  static const std::set<std::string> kShells = {"sh", "dash", "bash", "busybox"};
  std::array<char, 2> start = {};
  std::ifstream(program).read(start.data(), start.size());
  return (start[0] == '#' && start[1] == '!') || kShells.contains(program.filename());
}

bool IsMadeToWrap(const fs::path& program) {
  static const std::set<std::string> kNames = {
      "env",     "setsid",  "timeout", "unshare", "nsenter", "chroot", "script", "sudo",     "su",
      "runuser", "setpriv", "bwrap",   "tini",    "time",    "strace", "ltrace", "dumb-init"};
  return IsScriptOrShell(program) || kNames.contains(program.filename());
}

bool ReadsScript(const ExecutedProgram& executed, const fs::path& script) {
  return std::find(executed.arguments.begin(), executed.arguments.end(), script.string()) !=
         executed.arguments.end();
}

bool IsInterpreter(const fs::path& program) {
  const std::string name = program.filename();
  return std::ranges::any_of(
      std::array<std::string_view, 6>{"python", "perl", "ruby", "node", "lua", "tclsh"},
      [&name](std::string_view one) { return name.starts_with(one); });
}

}  // namespace faultline
