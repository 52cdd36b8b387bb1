#pragma once

#include <string>
#include <vector>

#include "harness/scenario/source_position.h"

namespace faultline {

// One thing that is wrong in a user's file.
struct Diagnostic {
  SourcePosition position;
  std::string message;  // "what is wrong; expected ...; did you mean `...`?"

  std::string ToString() const;  // "FILE:LINE:COLUMN: MESSAGE"
};

// All that is wrong, in the order it was found: a loader goes on after a mistake, so that one look
// at its output mends the whole file. At most kMaxKept are kept, the rest is only counted.
class Diagnostics {
 public:
  static constexpr size_t kMaxKept = 100;

  void Add(SourcePosition position, std::string message);
  // A mistake that belongs to no place in a file (of the command line, of a directory).
  void Add(std::string message) { Add(SourcePosition{}, std::move(message)); }

  bool empty() const { return count_ == 0; }
  size_t count() const { return count_; }
  const std::vector<Diagnostic>& all() const { return kept_; }

  std::string ToString() const;  // one per line, no newline at the end
  // Throws Failure(kBadInput) with ToString() unless empty.
  void ThrowIfAny() const;

 private:
  std::vector<Diagnostic> kept_;
  size_t count_ = 0;
};

}  // namespace faultline
