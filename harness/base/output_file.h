#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace faultline {

// A file that the user names for a result (--json, --write). A regular file is replaced as a whole,
// so that a reader sees the old or the new content and never a part; what a symlink leads to is
// replaced, not the link. A new file has the permissions that the umask leaves it, one that is
// replaced keeps its own. Anything else (a device, a FIFO, /dev/stdout) is written through.
// Directories are not made.
class OutputFile {
 public:
  // Looks before the work begins. `option` names the file's option in messages. Failure (kBadInput)
  // when `path` is a directory or its directory does not exist, kCannotWork when nothing may be
  // made in that.
  OutputFile(std::string option, const std::filesystem::path& path);

  // Writing again replaces what was written: false for what is written through, which must be
  // written once.
  bool is_replaceable() const { return descriptor_ < 0 && !write_through_; }

  // Failure (kCannotWork) when it cannot be written; a reader that closed the pipe is none.
  void Write(std::string_view content) const;

 private:
  std::string Problem(const std::string& what) const;

  std::string option_;
  std::filesystem::path given_;
  std::filesystem::path path_;  // behind symlinks
  int descriptor_ = -1;         // one of our own, borrowed: /dev/stdout, /dev/fd/3
  bool write_through_ = false;
};

// An option of a command and what it names for a result: "" is none, "-" standard output.
struct NamedOutput {
  std::string option;
  std::string file;
};

// Failure (kBadInput) when two of them are one file, however each calls it, also if it is not there
// yet: the one that is written first would be lost.
void RequireDifferentFiles(const std::vector<NamedOutput>& outputs);

}  // namespace faultline
