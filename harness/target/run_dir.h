#pragma once

#include <filesystem>
#include <string>

#include "harness/base/unique_fd.h"
#include "harness/target/guardian.h"

namespace faultline {

// The directory of one run: mode 0700, with a name nobody can guess, gone with this object unless
// Keep() was called, and gone too when the harness is killed (Guardian).
class RunDirectory {
 public:
  // Made in `root`; "" = $TMPDIR or /tmp. Failure when it cannot be made, or when its path is too
  // long for the Unix sockets below it (sun_path has 108 bytes).
  explicit RunDirectory(const std::filesystem::path& root = {});
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // "fl" + 12 random letters and digits, for DPDK's --file-prefix; the same for the whole run.
  const std::string& file_prefix() const { return file_prefix_; }

  void Keep();

 private:
  std::filesystem::path path_;
  std::string file_prefix_;
  bool keep_ = false;
  Guardian::Watch watch_;
  UniqueFd self_;
};

}  // namespace faultline
