#include "harness/symbols/debug_file.h"

#include <elfutils/libdwelf.h>
#include <fmt/format.h>

#include "harness/base/failure.h"

namespace faultline {

std::vector<std::filesystem::path> DebugFileCandidates(const std::filesystem::path& path,
                                                       const protocol::BuildId& build_id,
                                                       const std::string& debug_link,
                                                       const std::filesystem::path& root) {
  std::vector<std::filesystem::path> candidates;
  if (build_id.size > 1) {
    std::string hex;
    for (size_t i = 0; i < build_id.size; ++i) {
      hex += fmt::format("{:02x}", build_id.bytes[i]);
    }
    candidates.push_back(root / ".build-id" / hex.substr(0, 2) / (hex.substr(2) + ".debug"));
  }
  // A link with a directory in it is no link that a linker made.
  if (!debug_link.empty() && debug_link.find('/') == std::string::npos) {
    std::filesystem::path directory = path.parent_path();
    candidates.push_back(directory / debug_link);
    candidates.push_back(directory / ".debug" / debug_link);
    candidates.push_back(root / directory.relative_path() / debug_link);
  }
  return candidates;
}

std::string DebugLink(const ElfFile& file) {
  GElf_Word checksum = 0;
  const char* name = dwelf_elf_gnu_debuglink(file.handle(), &checksum);
  return name == nullptr ? "" : name;
}

DebugFile FindDebugFile(const ElfFile& file, const std::filesystem::path& root) {
  DebugFile found;
  std::error_code error;
  std::filesystem::path path = std::filesystem::canonical(file.path(), error);
  for (const auto& candidate : DebugFileCandidates(path, file.build_id(), DebugLink(file), root)) {
    if (!std::filesystem::is_regular_file(candidate, error) ||
        std::filesystem::equivalent(candidate, file.path(), error)) {
      continue;
    }
    try {
      ElfFile debug = ElfFile::Open(candidate);
      if (file.build_id().size == 0 || debug.build_id() != file.build_id()) {
        found.notes.push_back(fmt::format(
            "{} is ignored: {}", candidate.string(),
            file.build_id().size == 0 ? "no build-id to check it by" : "its build-id is another"));
        continue;
      }
      found.file = std::move(debug);
      return found;
    } catch (const Failure& failure) {
      found.notes.push_back(fmt::format("{} is ignored: {}", candidate.string(), failure.what()));
    }
  }
  return found;
}

}  // namespace faultline
