#include "harness/run/agent_check.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include "harness/base/failure.h"
#include "harness/run/executed.h"
#include "harness/symbols/elf_image.h"

namespace faultline {
namespace {

bool HasFunction(const ElfImage& image, std::string_view name) {
  for (const FunctionSymbol& function : image.functions()) {
    if (function.name == name) {
      return true;
    }
  }
  return false;
}

// What the loader complains about comes before anything else.
std::string FirstWords(const LogWatch& log) {
  const std::vector<LogLine> lines = log.Lines();
  return lines.empty() ? "" : lines.front().text;
}

}  // namespace

std::string WhyPreloadFails(const std::filesystem::path& program) {
  struct stat status = {};
  if (::stat(program.c_str(), &status) == 0 && (status.st_mode & (S_ISUID | S_ISGID)) != 0) {
    return "it is a set-user-id program, for which the loader ignores LD_PRELOAD; test a copy "
           "without that bit";
  }
  if (::getxattr(program.c_str(), "security.capability", nullptr, 0) > 0) {
    return "it has file capabilities, for which the loader ignores LD_PRELOAD; test a copy without "
           "them (`cp` drops them)";
  }
  try {
    const ElfImage image = ElfImage::Open(program);
    if (Interpreter(image.file()).empty()) {
      return "it is fully static, so that no library can be loaded into it; link glibc dynamically "
             "(DPDK and SPDK may stay static)";
    }
    if (HasFunction(image, "__asan_init")) {
      return "it is built with AddressSanitizer, whose runtime must come first: set LD_PRELOAD to "
             "the runtime in the scenario's environment";
    }
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

void CheckAgentReady(LiveRun& run) {
  if (!run.hooking().wanted()) {
    return;
  }
  const protocol::AgentState state = run.hooking().journal().agent_state();
  if (state == protocol::AgentState::kInert) {
    throw Failure::CannotWork("the agent refused its plan in " + run.request().program.string() +
                              ": " + run.hooking().journal().Read().agent_message);
  }
  if (state == protocol::AgentState::kAbsent && !ThatIsStale(run)) {
    const std::filesystem::path& program = HookedProgram(run.request());
    const std::string reason = WhyPreloadFails(program);
    throw Failure::CannotWork(
        "the agent was not loaded into " + program.string() +
        (program == run.request().program
             ? std::string()
             : " (which " + run.request().program.string() + " is known to execute)") +
        ", so that it can be neither made to fail nor watched: " +
        (reason.empty() ? "its first words were `" + FirstWords(run.log()) + "`" : reason));
  }
}

}  // namespace faultline
