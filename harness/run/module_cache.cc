#include "harness/run/module_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <sstream>
#include <system_error>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/protocol/layout.h"
#include "harness/symbols/elf_file.h"

namespace faultline {

ModuleCache::ModuleCache(const std::filesystem::path& cache_dir, const std::string& program_key) {
  if (!cache_dir.empty()) {
    file_ = cache_dir / "modules" / program_key;
  }
}

std::vector<std::filesystem::path> ModuleCache::Recall() const {
  std::vector<std::filesystem::path> modules;
  if (file_.empty()) {
    return modules;
  }
  std::istringstream lines(ReadFile(file_).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::error_code ignored;
    if (line.starts_with('/') && std::filesystem::is_regular_file(line, ignored)) {
      modules.emplace_back(line);
    }
  }
  std::sort(modules.begin(), modules.end());
  return modules;
}

void ModuleCache::Remember(const std::vector<std::filesystem::path>& modules) const {
  if (file_.empty() || modules.empty()) {
    return;
  }
  const std::vector<std::filesystem::path> known = Recall();
  std::set<std::filesystem::path> all(known.begin(), known.end());
  all.insert(modules.begin(), modules.end());
  if (all.size() == known.size()) {
    return;
  }
  std::string text;
  for (const std::filesystem::path& module : all) {
    text += module.string() + "\n";
  }
  WriteCacheFileAtomically(file_, text);
}

std::string ProgramKey(const std::filesystem::path& program) {
  try {
    const ElfFile file = ElfFile::Open(program);
    const protocol::BuildId& id = file.build_id();
    if (id.size != 0) {
      std::string text;
      for (uint8_t byte : std::span(id.bytes).first(id.size)) {
        text += fmt::format("{:02x}", byte);
      }
      return text;
    }
  } catch (const Failure&) {
    // No ELF file: a script. Whether it can be started shows when it is.
  }
  std::error_code ignored;
  const auto size = std::filesystem::file_size(program, ignored);
  const auto changed =
      std::filesystem::last_write_time(program, ignored).time_since_epoch().count();
  uint64_t hash = protocol::HashText(program.string());
  hash = protocol::HashMix(hash, size);
  hash = protocol::HashMix(hash, static_cast<uint64_t>(changed));
  return fmt::format("file-{:016x}", hash);
}

}  // namespace faultline
