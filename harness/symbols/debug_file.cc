#include "harness/symbols/debug_file.h"

#include <elfutils/libdwelf.h>
#include <fmt/format.h>

#include <string_view>

#include "harness/base/failure.h"

namespace faultline {

// Texts, not paths: a program with its plug-ins has hundreds of modules, and each run asks for all.
std::vector<std::string> DebugFileCandidates(const std::string& path,
                                             const protocol::BuildId& build_id,
                                             const std::string& debug_link,
                                             const std::string& root) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::vector<std::string> candidates;
  if (build_id.size > 1) {
    std::string& file = candidates.emplace_back(root + "/.build-id/");
    for (size_t i = 0; i < build_id.size; ++i) {
      file += kDigits[build_id.bytes[i] >> 4];
      file += kDigits[build_id.bytes[i] & 15];
      file += i == 0 ? "/" : "";
    }
    file += ".debug";
  }
  // A link with a directory in it is no link that a linker made.
  if (!debug_link.empty() && debug_link.find('/') == std::string::npos) {
    const std::string directory = path.substr(0, path.find_last_of('/') + 1);
    candidates.push_back(directory + debug_link);
    candidates.push_back(directory + ".debug/" + debug_link);
    candidates.push_back(root + directory + debug_link);
  }
  return candidates;
}

std::string DebugLink(const ElfFile& file) {
  GElf_Word checksum = 0;
  const char* name = dwelf_elf_gnu_debuglink(file.handle(), &checksum);
  return name == nullptr ? "" : name;
}

DebugFile FindDebugFile(const ElfFile& file, const std::string& root) {
  DebugFile found;
  std::error_code error;
  std::filesystem::path path = std::filesystem::canonical(file.path(), error);
  for (const std::string& candidate :
       DebugFileCandidates(path.string(), file.build_id(), DebugLink(file), root)) {
    if (!std::filesystem::is_regular_file(candidate, error) ||
        std::filesystem::equivalent(candidate, file.path(), error)) {
      continue;
    }
    try {
      ElfFile debug = ElfFile::Open(candidate);
      if (file.build_id().size == 0 || debug.build_id() != file.build_id()) {
        found.notes.push_back(fmt::format(
            "{} is ignored: {}", candidate,
            file.build_id().size == 0 ? "no build-id to check it by" : "its build-id is another"));
        continue;
      }
      found.file = std::move(debug);
      return found;
    } catch (const Failure& failure) {
      found.notes.push_back(fmt::format("{} is ignored: {}", candidate, failure.what()));
    }
  }
  return found;
}

}  // namespace faultline
