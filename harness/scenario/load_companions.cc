#include "harness/scenario/load_companions.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/scenario/load_common.h"
#include "harness/scenario/load_ready.h"

namespace faultline {
namespace {

constexpr size_t kMostCompanions = 64;
constexpr int kLastCompanionExitCode = 255;

using ReadyKind = Companion::Ready::Kind;

void ReadReady(const YamlValue& value, Companion::Ready& ready, ReadContext& context) {
  if (value.kind == YamlValue::Kind::kScalar) {
    static const Words<ReadyKind> kWords = {{"started", ReadyKind::kStarted}};
    ReadWord(value, "`ready` of a companion", context, kWords);
    return;
  }
  MapReader map(value, "`ready` of a companion", context);
  int given = 0;
  if (const YamlValue* pattern = map.Find("log"); pattern != nullptr) {
    ready.kind = ReadyKind::kLogLine;
    map.Pattern("log", ready.value, SubstituteStage::kKeepForRun);
    ++given;
  }
  if (ReadReadyFile(map, ready.value)) {
    ready.kind = ReadyKind::kFile;
    ++given;
  }
  if (ReadReadyPort(map, ready.value)) {
    ready.kind = ReadyKind::kPort;
    ++given;
  }
  map.Finish();
  if (map.is_map() && given != 1) {
    context.diagnostics.Add(value.position,
                            "`ready` of a companion; expected one of started, {log: PATTERN}, "
                            "{file: PATH}, {port: NUMBER}");
  }
}

Companion ReadCompanion(const YamlValue& value, ReadContext& context) {
  Companion companion;
  companion.position = value.position;
  MapReader map(value, "a companion", context);
  map.Require("name");
  map.Text("name", companion.name);
  if (const YamlValue* argv = map.Require("run"); argv != nullptr) {
    if (argv->kind != YamlValue::Kind::kSequence || argv->items.empty()) {
      ReportWrongType(*argv, "`run`", "a list of program and arguments (no shell reads it)",
                      context);
    } else {
      companion.argv = ReadTexts(*argv, "`run`", context, SubstituteStage::kKeepForRun);
    }
  }
  if (const YamlValue* ready = map.Find("ready"); ready != nullptr) {
    ReadReady(*ready, companion.ready, context);
  }
  map.DurationMs("within", companion.limit_ms);
  ReadEnvironment(map, companion.environment);
  if (const YamlValue* codes = map.Find("may_end"); codes != nullptr) {
    companion.may_end = ReadIntegers(*codes, "`may_end`", context, 0, kLastCompanionExitCode);
  }
  map.Finish();
  return companion;
}

}  // namespace

std::vector<Companion> ReadCompanions(MapReader& scenario) {
  std::vector<Companion> companions;
  const YamlValue* list = scenario.Find("companions");
  if (list == nullptr) {
    return companions;
  }
  ReadContext& context = scenario.context();
  if (list->kind != YamlValue::Kind::kSequence || list->items.size() > kMostCompanions) {
    ReportWrongType(*list, "`companions`",
                    fmt::format("a list of at most {} {{name, run, ready}}", kMostCompanions),
                    context);
    return companions;
  }
  for (const YamlPtr& item : list->items) {
    Companion companion = ReadCompanion(*item, context);
    const bool taken =
        std::any_of(companions.begin(), companions.end(),
                    [&](const Companion& other) { return other.name == companion.name; });
    if (taken && !companion.name.empty()) {
      context.diagnostics.Add(item->position,
                              fmt::format("two companions have the name `{}`", companion.name));
    }
    companions.push_back(std::move(companion));
  }
  return companions;
}

}  // namespace faultline
