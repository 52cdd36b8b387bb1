#include "harness/sweep/fault_writer.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

#include "harness/sweep/expectation_writer.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/step_writer.h"

namespace faultline {
namespace {

constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();

void WriteAction(YamlWriter& yaml, const Fault& fault) {
  switch (fault.action) {
    case Fault::Action::kFail:
      return;
    case Fault::Action::kSignal:
      yaml.Pair("signal", SignalText(fault.signal));
      return;
    case Fault::Action::kRpc:
      yaml.Pair("rpc", Escaped(fault.rpc.method));
      if (!fault.rpc.params.is_null()) {
        yaml.Json("params", fault.rpc.params);
      }
      WriteExpectations(yaml, fault.expect);
      return;
    case Fault::Action::kDropConnection:
      yaml.Pair("drop_connection", true);
      return;
    case Fault::Action::kDelay:
      yaml.Pair("delay", fmt::format("{}ms", fault.delay_ms));
      return;
    case Fault::Action::kSteps:
      WriteSteps(yaml, "at_call", fault.at_call);
      return;
    case Fault::Action::kHold:
      yaml.QuotedPair("until_step", Escaped(fault.until_step));
      return;
  }
}

}  // namespace

void WriteFaults(YamlWriter& yaml, const Scenario& scenario) {
  if (scenario.faults.empty()) {
    return;
  }
  yaml.out() << YAML::Key << "faults" << YAML::Value << YAML::BeginSeq;
  for (const Fault& fault : scenario.faults) {
    yaml.out() << YAML::BeginMap;
    yaml.Pair("id", fault.id);
    yaml.Pair("point", fault.point);
    if (!scenario.subject.empty()) {
      yaml.Pair("target", fault.target.empty() ? scenario.subject : fault.target);
    }
    if (fault.site != 0) {
      yaml.QuotedPair("site", SiteHashText(fault.site));
    }
    yaml.QuotedPair("nth", fault.last == kForEver ? fmt::format("{}..", fault.first)
                           : fault.first == fault.last
                               ? std::to_string(fault.first)
                               : fmt::format("{}..{}", fault.first, fault.last));
    WriteAction(yaml, fault);
    if (fault.life != 0) {
      yaml.Pair("life", fault.life);
    }
    if (!fault.after.empty()) {
      yaml.Pair("after", fault.after);
    }
    yaml.out() << YAML::EndMap;
  }
  yaml.out() << YAML::EndSeq;
}

void WritePlaces(YamlWriter& yaml, const std::vector<SitePlace>& places) {
  if (places.empty()) {
    return;
  }
  yaml.out() << YAML::Key << "places" << YAML::Value << YAML::BeginSeq;
  for (const SitePlace& place : places) {
    yaml.out() << YAML::BeginMap;
    yaml.QuotedPair("site", place.hash);
    yaml.Pair("point", place.point);
    yaml.QuotedPair("place", Escaped(place.place));
    yaml.Pair("index", place.index);
    yaml.out() << YAML::EndMap;
  }
  yaml.out() << YAML::EndSeq;
}

}  // namespace faultline
