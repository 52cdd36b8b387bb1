#include "tools/census.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "harness/target/hugepage_pool.h"
#include "harness/target/proc_status.h"
#include "harness/target/process.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

void AddLines(const fs::path& file, const std::string& kind, std::set<std::string>& items) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    items.insert(kind + " " + line);
  }
}

void AddEntries(const fs::path& directory, std::set<std::string>& items) {
  std::error_code error;
  for (auto entry = fs::directory_iterator(directory, error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    items.insert("file " + entry->path().string());
  }
}

// What a run leaves behind becomes this process's child; see AdoptOrphans.
bool DescendsFromUs(pid_t pid) {
  while (pid > 1 && pid != ::getpid()) {
    pid = ReadProcStat(pid).parent;
  }
  return pid == ::getpid();
}

// Every process of every run says so in its environment.
void AddRunProcesses(bool only_ours, std::set<std::string>& items) {
  const std::string variable = '\0' + std::string(kRunIdVariable) + "=";
  for (const pid_t pid : AllPids()) {
    if ((!only_ours || DescendsFromUs(pid)) &&
        ('\0' + ReadEnvironment(pid)).find(variable) != std::string::npos) {
      items.insert(fmt::format("process {} {}", pid, ProcessName(pid)));
    }
  }
}

}  // namespace

MachineCensus TakeCensus(bool shared_machine) {
  MachineCensus census;
  AddRunProcesses(shared_machine, census.items);
  if (!shared_machine) {
    AddLines("/proc/mounts", "mount", census.items);
    AddEntries("/var/run/dpdk", census.items);
    for (const fs::path& place : {fs::temp_directory_path(), fs::path("/tmp"), fs::path("/dev/shm"),
                                  fs::path("/var/tmp")}) {
      AddEntries(place, census.items);
    }
    if (const auto pool = ReadHugepagePool()) {
      census.items.insert(fmt::format("hugepages: {} in all, {} free", pool->total, pool->free));
    }
  }
  return census;
}

std::vector<std::string> NewIn(const MachineCensus& after, const MachineCensus& before) {
  std::vector<std::string> added;
  std::set_difference(after.items.begin(), after.items.end(), before.items.begin(),
                      before.items.end(), std::back_inserter(added));
  return added;
}

}  // namespace faultline
