#include "harness/run/program_lookup.h"

#include <stdlib.h>
#include <unistd.h>

#include <system_error>
#include <vector>

#include "harness/base/failure.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr char kAgentName[] = "libfaultline_agent.so";

// Where what belongs to faultline lies: beside it in a build directory, in lib/faultline of the
// same prefix when it is installed, wherever that prefix was moved to.
std::vector<fs::path> OwnPlaces(const fs::path& own_directory) {
  return {own_directory, own_directory.parent_path() / "lib/faultline"};
}

// The program `name` of ours; "" when there is none.
fs::path FindOwn(const std::string& name, const fs::path& own_directory) {
  for (const fs::path& place : OwnPlaces(own_directory)) {
    if (IsProgram(place / name)) {
      return place / name;
    }
  }
  return {};
}

// `name` as `said_by` has it: a path is that file and no other, a bare name is searched.
ProgramSearch Search(const std::string& name, const std::string& said_by,
                     const fs::path& own_directory) {
  if (name.find('/') != std::string::npos) {
    if (IsProgram(name)) {
      return {fs::absolute(name).lexically_normal(), ""};
    }
    return {"", "cannot run " + name + " (" + said_by + "): " + WhyNoProgram(name)};
  }
  const fs::path own = FindOwn(name, own_directory);
  const fs::path found = own.empty() ? FindInPath(name) : own;
  if (!found.empty()) {
    return {fs::absolute(found).lexically_normal(), ""};
  }
  return {"", name + " (" + said_by + ") is neither beside faultline (" + own_directory.string() +
                  ") nor in PATH"};
}

}  // namespace

fs::path OwnDirectory() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) {
    throw Failure::FromErrno("cannot read /proc/self/exe (is /proc mounted?)", error.value());
  }
  return self.parent_path();
}

ProgramSearch FindProgram(const Profile& profile, const fs::path& given,
                          const fs::path& own_directory) {
  if (!given.empty()) {
    return Search(given, "--program", own_directory);
  }
  if (!profile.program_variable.empty()) {
    const char* value = ::getenv(profile.program_variable.c_str());
    if (value != nullptr && *value != '\0') {
      return Search(value, profile.program_variable, own_directory);
    }
  }
  if (profile.program.empty()) {
    std::string problem =
        "profile " + profile.name + " needs the path of a program: give --program";
    if (!profile.program_variable.empty()) {
      problem += " or set " + profile.program_variable;
    }
    return {"", problem};
  }
  ProgramSearch search = Search(profile.program, "profile " + profile.name, own_directory);
  if (!search.problem.empty() && !profile.package.empty()) {
    search.problem += "; Debian has it in the package " + profile.package + ": apt-get install " +
                      profile.package;
  }
  return search;
}

fs::path RequireProgram(const Profile& profile, const fs::path& given,
                        const fs::path& own_directory) {
  ProgramSearch search = FindProgram(profile, given, own_directory);
  if (!search.problem.empty()) {
    throw Failure(given.empty() ? ExitCode::kCannotWork : ExitCode::kBadInput, search.problem);
  }
  return search.program;
}

fs::path RequireAgent(const fs::path& own_directory) {
  for (const fs::path& place : OwnPlaces(own_directory)) {
    const fs::path agent = place / kAgentName;
    if (::access(agent.c_str(), R_OK) == 0) {
      return agent;
    }
  }
  throw Failure::CannotWork("the agent " + (own_directory / kAgentName).string() +
                            " is missing; it belongs beside the faultline executable, or in "
                            "lib/faultline of an installation (build the whole project, or "
                            "install it again)");
}

}  // namespace faultline
