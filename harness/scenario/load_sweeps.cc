#include "harness/scenario/load_sweeps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/scenario/load_common.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

constexpr char kSome[] = "at least one; without the key all are meant";
constexpr int kMostSweepSteps = 10'000;
constexpr int kMostOccurrences = 1'000'000;

// As harness/sweep/sweep_plan.h has them, which a test holds against this list.
const std::vector<std::string>& KnownModes() {
  static const std::vector<std::string> kModes = {"transient",       "persistent",    "sigterm",
                                                  "sigint",          "sigterm-twice", "stop-rpc",
                                                  "drop-connection", "pair"};
  return kModes;
}

// "90s", "15m", "2h" or "500runs".
bool IsBudget(const std::string& text) {
  const size_t digits = text.find_first_not_of("0123456789");
  const std::string unit = digits == std::string::npos ? "" : text.substr(digits);
  return digits != 0 && (unit == "s" || unit == "m" || unit == "h" || unit == "runs");
}

void CheckOne(MapReader& map, const SweepDefinition& sweep, ReadContext& context) {
  for (const std::string& mode : sweep.modes) {
    if (std::find(KnownModes().begin(), KnownModes().end(), mode) == KnownModes().end()) {
      context.diagnostics.Add(
          map.KeyPosition("modes"),
          fmt::format("unknown mode `{}`; expected {}{}", mode, fmt::join(KnownModes(), ", "),
                      DidYouMean(mode, KnownModes())));
    }
  }
  if (!sweep.budget.empty() && !IsBudget(sweep.budget)) {
    context.diagnostics.Add(
        map.KeyPosition("budget"),
        fmt::format("`budget` is `{}`; expected a number and s, m, h or runs, as 90s or 500runs",
                    sweep.budget));
  }
}

SweepDefinition ReadSweep(const YamlValue::Entry& entry, ReadContext& context) {
  SweepDefinition sweep;
  sweep.position = entry.key_position;
  MapReader map(*entry.value, fmt::format("sweep `{}`", entry.key), context);
  map.SomeTexts("points", sweep.points, kSome);
  map.Texts("exclude", sweep.exclude);
  map.SomeTexts("groups", sweep.groups, kSome);
  map.SomeTexts("modules", sweep.modules, kSome);
  map.SomeTexts("subsystems", sweep.subsystems, kSome);
  map.SomeTexts("callers", sweep.callers, kSome);
  map.SomeTexts("files", sweep.files, kSome);
  map.Integer("from_step", sweep.from_step, 0, kMostSweepSteps);
  map.SomeTexts("modes", sweep.modes, kSome);
  map.Text("budget", sweep.budget);
  map.Integer("occurrences", sweep.occurrences, 1, kMostOccurrences);
  map.Bool("only_changed", sweep.only_changed);
  CheckOne(map, sweep, context);
  map.Finish();
  return sweep;
}

}  // namespace

void ReadSweeps(MapReader& map, std::map<std::string, SweepDefinition>& sweeps) {
  const YamlValue* all = map.Find("sweeps");
  if (all == nullptr) {
    return;
  }
  if (all->kind != YamlValue::Kind::kMap) {
    ReportWrongType(*all, "`sweeps`", "a map of names and what such a sweep looks at",
                    map.context());
    return;
  }
  for (const YamlValue::Entry& entry : all->entries) {
    sweeps[entry.key] = ReadSweep(entry, map.context());
  }
}

}  // namespace faultline
