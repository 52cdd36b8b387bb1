#pragma once

#include <set>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/model.h"
#include "harness/symbols/symbolizer.h"

namespace faultline {

// Tells which function of a stop a run did not come to. Judges one run; borrows its arguments. Not
// thread-safe.
class SkippedRelease {
 public:
  SkippedRelease(const Evidence& evidence, const Catalogue& catalogue, Symbolizer& symbolizer)
      : evidence_(evidence), catalogue_(catalogue), symbolizer_(symbolizer) {}

  // The outermost function of `chain` (ObjectGroup::release_chain) in which this run was not seen
  // since it began to unwind: it was not called, or came to nothing that is observed. "" when it
  // was seen in all of them.
  std::string Find(const std::vector<std::string>& chain);

 private:
  const std::set<std::string>& FunctionsOfStop();

  const Evidence& evidence_;
  const Catalogue& catalogue_;
  Symbolizer& symbolizer_;
  std::set<std::string> functions_of_stop_;  // filled when it is first asked for
};

}  // namespace faultline
