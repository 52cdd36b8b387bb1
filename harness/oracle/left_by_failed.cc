#include "harness/oracle/left_by_failed.h"

#include <fmt/format.h>

namespace faultline {

std::optional<LeftByFailed> FindLeftByFailed(const Evidence& evidence, const Catalogue& catalogue,
                                             const MetFailure& met) {
  if (met.of_frames.empty()) {
    return std::nullopt;
  }
  const std::vector<TrackedObject> tracked = TrackObjects(evidence, catalogue);
  Symbolizer symbolizer;
  const ForgetterFinder forgetters(evidence, tracked, met, symbolizer);
  std::optional<LeftByFailed> nearest;
  for (const TrackedObject& object : tracked) {
    if (object.ended_by || object.made_in) {
      continue;
    }
    Forgetter found = forgetters.Find(object);
    const size_t outwards = found.at_failure.size();
    const bool is_nearer = !nearest || outwards > nearest->forgetter.at_failure.size();
    if (!found.function.empty() && is_nearer && met.Of(outwards) == Returned::kFailure) {
      nearest = {std::move(found), object.name.empty()
                                       ? "a " + object.registry
                                       : fmt::format("{} `{}'", object.registry, object.name)};
    }
  }
  return nearest;
}

}  // namespace faultline
