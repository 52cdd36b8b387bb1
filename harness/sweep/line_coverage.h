#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/store/records.h"

namespace faultline {

// The source lines that runs execute, of a target that was built with --coverage: its own exit adds
// to the counts that earlier runs left in a directory (gcov's GCOV_PREFIX). What a run executed
// that a signal ended is lost, for gcov writes at the exit.
class LineCoverage {
 public:
  // Counts are kept below `directory`, which is made when it is not there and goes on counting when
  // it is. Failure (kCannotWork) when it cannot be made.
  explicit LineCoverage(const std::filesystem::path& directory);

  // Values of GCOV_PREFIX: for runs without a fault, and for all others.
  std::filesystem::path fault_free_prefix() const { return directory_ / "fault-free"; }
  std::filesystem::path swept_prefix() const { return directory_ / "swept"; }

  // Asks gcov (the program, of the compiler that built the target) which lines were executed. The
  // lines of functions that no run entered are left out, and so are the system's headers. Empty
  // when the target keeps no counts. Failure (kBadInput) when there is no gcov or it cannot read
  // them.
  std::vector<StoredLine> Read() const;
  // After a fault-free run: Failure (kBadInput) when the target has written no counts.
  void RequireCounts() const;

 private:
  std::filesystem::path directory_;
};

// Lines of one kind as ranges, "FILE:FIRST-LAST FUNCTION", in order of file and line. A range ends
// at a line that is executable and of another kind.
std::vector<std::string> LineRanges(const std::vector<StoredLine>& lines,
                                    StoredLine::Reached reached);

}  // namespace faultline
