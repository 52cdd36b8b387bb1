#include "tools/machine_check.h"

#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "harness/base/files.h"
#include "harness/run/agent_check.h"
#include "harness/run/program_lookup.h"
#include "harness/symbols/elf_image.h"
#include "harness/target/hugepage_pool.h"
#include "harness/target/machine.h"

namespace faultline {
namespace {

using Status = MachineCheck::Status;

MachineCheck CheckAgent(const std::filesystem::path& own_directory) {
  try {
    return {"agent", Status::kOk, RequireAgent(own_directory), ""};
  } catch (const Failure& failure) {
    return {"agent", Status::kMissing, "not beside faultline", failure.what()};
  }
}

MachineCheck CheckCache(const std::filesystem::path& cache_dir) {
  if (!cache_dir.empty()) {
    return {"cache", Status::kOk, cache_dir, ""};
  }
  return {"cache", Status::kWarn, "none that can be written",
          "give --cache DIR or set HOME; without it every run plans and calibrates anew"};
}

MachineCheck CheckHugepages() {
  const std::optional<HugepagePool> pool = ReadHugepagePool();
  if (!pool) {
    return {"hugepages", Status::kMissing, "the kernel has no 2 MiB hugepages",
            "scenarios with --no-huge work all the same"};
  }
  const std::string found = fmt::format("{} of {} are free (2 MiB each)", pool->free, pool->total);
  if (pool->available() > 0) {
    return {"hugepages", Status::kOk, found, ""};
  }
  return {"hugepages", Status::kWarn, found,
          ::geteuid() == 0 ? "scenarios that need some reserve them for the time of the run"
                           : "as root: echo 512 > /sys/kernel/mm/hugepages/hugepages-2048kB/"
                             "nr_hugepages; scenarios with --no-huge need none"};
}

MachineCheck CheckMounts() {
  if (MayMount()) {
    return {"private mounts", Status::kOk, "allowed", ""};
  }
  return {"private mounts", Status::kWarn, "not allowed",
          "scenarios with resources.hugetlbfs_mb need root (in a container: --cap-add SYS_ADMIN)"};
}

// Seizes a child, as a run does; asking the kernel beats guessing from its settings. 0 or an errno.
int TryPtrace() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  if (child < 0) {
    return errno;
  }
  const int error = ::ptrace(PTRACE_SEIZE, child, nullptr, nullptr) == 0 ? 0 : errno;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, __WALL);
  return error;
}

MachineCheck CheckPtrace() {
  const std::optional<std::string> yama = ReadFile("/proc/sys/kernel/yama/ptrace_scope");
  const std::string scope =
      yama ? "kernel.yama.ptrace_scope = " + yama->substr(0, yama->find('\n')) : "no Yama";
  const int error = TryPtrace();
  if (error == 0) {
    return {"ptrace", Status::kOk, "works (" + scope + ")", ""};
  }
  return {"ptrace", Status::kWarn, fmt::format("refused: {} ({})", std::strerror(error), scope),
          "runs work, but crashes and hangs come without stacks; allow it by sysctl "
          "kernel.yama.ptrace_scope=1, in a container by --cap-add SYS_PTRACE or its seccomp "
          "profile"};
}

MachineCheck CheckTool(const std::string& name, const std::string& package,
                       const std::string& use) {
  const std::filesystem::path path = FindInPath(name);
  if (!path.empty()) {
    return {name, Status::kOk, path, ""};
  }
  return {name, Status::kWarn, "not in PATH", use + ": apt-get install " + package};
}

MachineCheck CheckRunRoot() {
  const std::filesystem::path root = std::filesystem::temp_directory_path();
  if (::access(root.c_str(), W_OK | X_OK) == 0) {
    return {"run directories", Status::kOk, root, ""};
  }
  return {"run directories", Status::kMissing, root.string() + " cannot be written",
          "set TMPDIR to a directory of yours (a short path: sockets lie below it)"};
}

}  // namespace

std::vector<MachineCheck> CheckMachine(const std::filesystem::path& own_directory,
                                       const std::filesystem::path& cache_dir) {
  return {CheckAgent(own_directory),
          CheckRunRoot(),
          CheckCache(cache_dir),
          CheckHugepages(),
          CheckMounts(),
          CheckPtrace(),
          CheckTool("dpdk-testpmd", "dpdk-dev", "the real target of scenarios/dpdk"),
          CheckTool("gdb", "gdb", "for `faultline run --gdb`"),
          CheckTool("fiu-ctrl", "fiu-utils", "to switch points of a live target by hand")};
}

std::vector<MachineCheck> CheckProgram(const std::filesystem::path& program) {
  std::vector<MachineCheck> checks;
  const std::string reason = WhyPreloadFails(program);
  checks.push_back({"preload", reason.empty() ? Status::kOk : Status::kMissing,
                    reason.empty() ? "nothing in the file is against it" : reason, ""});
  try {
    const ElfImage image = ElfImage::Open(program);
    const std::string count = fmt::format("{} functions by name", image.functions().size());
    if (image.has_full_symbols()) {
      checks.push_back({"symbols", Status::kOk, count, ""});
    } else {
      checks.push_back({"symbols", Status::kWarn, count + ", no full symbol table",
                        "static functions cannot be found: use an unstripped build, or install its "
                        "separate debug file (same build-id) below /usr/lib/debug"});
    }
    for (const std::string& note : image.notes()) {
      checks.push_back({"debug file", Status::kWarn, note, ""});
    }
  } catch (const Failure& failure) {
    checks.push_back({"symbols", Status::kMissing, failure.what(), ""});
  }
  return checks;
}

}  // namespace faultline
