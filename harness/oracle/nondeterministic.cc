#include "harness/oracle/nondeterministic.h"

#include <fmt/format.h>

namespace faultline {

std::optional<Finding> JudgeRepetition(const Repetition& repetition) {
  if (repetition.seen == repetition.runs) {
    return std::nullopt;
  }
  Finding finding;
  finding.kind = kNondeterministic;
  finding.object = repetition.point;
  finding.title = fmt::format("{} @ {}: reached in {} of {} fault-free runs", repetition.point,
                              repetition.place, repetition.seen, repetition.runs);
  finding.signature =
      fmt::format("{}: {} @ {}", kNondeterministic, repetition.point, repetition.place);
  return finding;
}

}  // namespace faultline
