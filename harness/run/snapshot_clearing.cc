#include "harness/run/snapshot_clearing.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "harness/base/unique_fd.h"
#include "harness/target/elf_facts.h"

namespace faultline {
namespace {

struct Module {
  uint64_t begin = 0;  // of its first segment, which begins where the file does
  uint64_t end = 0;    // of its last one
};

std::map<std::string, Module> ModulesIn(const std::vector<Mapping>& mappings) {
  std::map<std::string, Module> modules;
  for (const Mapping& mapping : mappings) {
    if (!mapping.path.starts_with('/') || mapping.shared) {
      continue;
    }
    if (mapping.offset == 0) {
      modules.try_emplace(mapping.path, Module{mapping.begin, mapping.end});
    }
    if (const auto known = modules.find(mapping.path); known != modules.end()) {
      known->second.end = std::max(known->second.end, mapping.end);
    }
  }
  return modules;
}

bool Holds(const Module& module, uint64_t address) {
  return module.begin <= address && address < module.end;
}

}  // namespace

void SnapshotClearing::Update(pid_t carrier, const std::vector<Mapping>& mappings,
                              const protocol::SnapshotControl& control) {
  UniqueFd memory;
  for (const auto& [path, module] : ModulesIn(mappings)) {
    if (!known_.insert(path).second || Holds(module, control.clear_memory)) {
      continue;
    }
    const std::string file = fmt::format("/proc/{}/root{}", carrier, path);
    for (const uint64_t slot : ImportSlots(file, "memset")) {
      if (!memory) {
        memory = UniqueFd(open(fmt::format("/proc/{}/mem", carrier).c_str(), O_RDWR | O_CLOEXEC));
      }
      const auto at = static_cast<off_t>(module.begin + slot);
      uint64_t now = 0;
      // Another one that the program brings with it stays. Before the first call the loader's part
      // of the module itself stands there.
      if (memory && pread(memory.get(), &now, sizeof(now), at) == sizeof(now) &&
          (now == control.memset || Holds(module, now))) {
        // Where it cannot be changed it stays.
        [[maybe_unused]] const ssize_t changed =
            pwrite(memory.get(), &control.clear_memory, sizeof(now), at);
      }
    }
  }
}

}  // namespace faultline
