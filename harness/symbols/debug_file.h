#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/symbols/elf_file.h"

// Separate debug files: where a distribution puts the symbols that it stripped from a file.
namespace faultline {

// Where the debug file of `path` may be, in the order in which they are tried (as gdb does):
// ROOT/.build-id/xx/yyyy.debug, then the .gnu_debuglink name beside the file, in .debug/ beside it,
// and below ROOT at the file's own directory. `path` is absolute and canonical, `debug_link` is ""
// when the file has none.
std::vector<std::string> DebugFileCandidates(const std::string& path,
                                             const protocol::BuildId& build_id,
                                             const std::string& debug_link,
                                             const std::string& root = "/usr/lib/debug");

// The name in .gnu_debuglink, "" when there is none.
std::string DebugLink(const ElfFile& file);

struct DebugFile {
  std::optional<ElfFile> file;
  std::vector<std::string> notes;  // candidates that were refused, and why
};

// Opens the first candidate with the build-id of `file`. A foreign or broken one is noted, not
// used: symbols of another build would put hooks into the middle of functions.
DebugFile FindDebugFile(const ElfFile& file, const std::string& root = "/usr/lib/debug");

}  // namespace faultline
