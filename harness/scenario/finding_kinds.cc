#include "harness/scenario/finding_kinds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/scenario/nearest_word.h"

namespace faultline {

const std::vector<std::string>& FindingKinds() {
  static const std::vector<std::string> kinds = {"crash",
                                                 "double-free",
                                                 "ends-by-design",
                                                 "expectation",
                                                 "hang",
                                                 "io-device-missing",
                                                 "leak",
                                                 "nondeterministic",
                                                 "not-rolled-back",
                                                 "sanitizer",
                                                 "swallowed"};
  return kinds;
}

const std::vector<std::string>& LogPatternKinds() {
  static const std::vector<std::string> kinds = [] {
    std::vector<std::string> of_lines = FindingKinds();
    std::erase(of_lines, "ends-by-design");
    std::erase(of_lines, "expectation");
    std::erase(of_lines, "nondeterministic");
    return of_lines;
  }();
  return kinds;
}

void CheckFindingKind(const std::string& kind, const std::vector<std::string>& known,
                      std::string_view what, const SourcePosition& position,
                      Diagnostics& diagnostics) {
  if (kind.empty() || std::find(known.begin(), known.end(), kind) != known.end()) {
    return;
  }
  diagnostics.Add(position,
                  fmt::format("{}: unknown kind of finding `{}`{}; expected one of {}", what, kind,
                              DidYouMean(kind, known), fmt::join(known, ", ")));
}

}  // namespace faultline
