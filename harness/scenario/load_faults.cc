#include "harness/scenario/load_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "harness/scenario/load_common.h"
#include "harness/scenario/load_rpc_expectation.h"
#include "harness/scenario/load_step.h"

namespace faultline {
namespace {

constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();
constexpr int kMostLives = 10'000;
constexpr size_t kMaxFaults = 256;  // protocol::kMaxRules

// A number from 1 up at the start of `text`, which is cut off.
std::optional<uint64_t> TakeNumber(std::string_view& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number == 0) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

void ReadCalls(MapReader& map, Fault& fault) {
  ReadContext& context = map.context();
  const YamlValue* nth = map.Find("nth");
  if (nth != nullptr) {
    if (const auto text = ReadText(*nth, "`nth`", context); text.has_value()) {
      if (const auto range = ParseCallRange(*text); range.has_value()) {
        fault.first = range->first;
        fault.last = range->last;
        fault.step = range->step;
      } else {
        context.diagnostics.Add(
            nth->position,
            fmt::format("`nth` is `{}`; expected calls from 1 up, as 3, 2.., 2..8 or 2..8+2",
                        *text));
      }
    }
  }
  static const Words<bool> kModes = {{"once", false}, {"persistent", true}};
  const YamlValue* mode = map.Find("mode");
  if (mode != nullptr && ReadWord(*mode, "mode", context, kModes).value_or(false)) {
    if (fault.first != fault.last) {
      context.diagnostics.Add(mode->position,
                              "`mode: persistent` and a range in `nth`; expected one");
    }
    fault.last = kForEver;
  }
  if (const YamlValue* chance = map.Find("probability"); chance != nullptr) {
    const auto number = ReadJson(*chance, "`probability`", context);
    const double value = number.has_value() && number->is_number() ? number->get<double>() : 0;
    if (value > 0 && value <= 1) {
      fault.probability = value;
    } else if (number.has_value()) {
      context.diagnostics.Add(
          chance->position,
          fmt::format("`probability` is {}; expected more than 0, at most 1", chance->Describe()));
    }
    // A chance is taken at every call unless calls are named.
    fault.last = nth == nullptr ? kForEver : fault.last;
  }
  if (const YamlValue* seed = map.Find("seed"); seed != nullptr) {
    if (const auto number =
            ReadInteger(*seed, "`seed`", context, 0, std::numeric_limits<int64_t>::max());
        number.has_value()) {
      fault.seed = static_cast<uint64_t>(*number);
    }
    if (map.Find("probability") == nullptr) {
      context.diagnostics.Add(seed->position, "`seed` needs `probability`");
    }
  }
}

void ReadPlace(MapReader& map, Fault& fault) {
  static const Words<Fault::Phase> kPhases = {{"any", Fault::Phase::kAny},
                                              {"before_main", Fault::Phase::kBeforeMain},
                                              {"after_main", Fault::Phase::kAfterMain}};
  ReadContext& context = map.context();
  if (const YamlValue* site = map.Find("site"); site != nullptr) {
    if (const auto text = ReadText(*site, "`site`", context); text.has_value()) {
      const char* begin = text->data();
      const char* end = begin + text->size();
      const auto [stopped, error] = std::from_chars(begin, end, fault.site, 16);
      if (text->size() != 16 || error != std::errc() || stopped != end || fault.site == 0) {
        context.diagnostics.Add(site->position,
                                fmt::format("`site` is `{}`; expected 16 hexadecimal digits, as "
                                            "`faultline` prints them",
                                            *text));
      }
    }
  }
  map.SomeTexts("callers", fault.callers, "functions on the stack");
  map.Bool("direct_caller", fault.direct_caller);
  if (fault.direct_caller && fault.callers.empty()) {
    context.diagnostics.Add(map.KeyPosition("direct_caller"), "`direct_caller` needs `callers`");
  }
  if (const YamlValue* phase = map.Find("phase"); phase != nullptr) {
    fault.phase = ReadWord(*phase, "phase", context, kPhases).value_or(fault.phase);
  }
  map.Integer("life", fault.life, 1, kMostLives);
  map.Text("after", fault.after);
  map.Text("from_step", fault.from_step);
  fault.armed_at_start = fault.from_step.empty();
}

// Steps that the harness does while the thread that makes the call waits. What waits for the end of
// the target, or for what only that thread can do, has no place there.
std::vector<Step> ReadStepsAtCall(const YamlValue& list, ReadContext& context) {
  std::vector<Step> steps;
  if (list.kind != YamlValue::Kind::kSequence || list.items.empty()) {
    ReportWrongType(list, "`at_call`", "a list of steps", context);
    return steps;
  }
  for (const YamlPtr& item : list.items) {
    std::optional<Step> step = ReadStep(*item, context);
    if (!step.has_value()) {
      continue;
    }
    const bool waits = std::holds_alternative<WaitReadyStep>(step->action) ||
                       std::holds_alternative<WaitExitStep>(step->action) ||
                       std::holds_alternative<RestartStep>(step->action) ||
                       std::holds_alternative<AnswerStep>(step->action);
    if (waits) {
      context.diagnostics.Add(
          item->position,
          fmt::format("`{}` has no place in `at_call`: the target waits there", step->Title()));
    }
    if (!SavedBy(*step).empty()) {
      context.diagnostics.Add(item->position, "`save` has no place in `at_call`");
    }
    steps.push_back(std::move(*step));
  }
  return steps;
}

// The ways to keep the call waiting. Adds the keys that are given.
void ReadHolds(MapReader& map, Fault& fault, std::vector<const char*>& given) {
  if (map.Find("delay") != nullptr) {
    fault.action = Fault::Action::kDelay;
    map.DurationMs("delay", fault.delay_ms);
    given.push_back("delay");
  }
  if (const YamlValue* steps = map.Find("at_call"); steps != nullptr) {
    fault.action = Fault::Action::kSteps;
    fault.at_call = ReadStepsAtCall(*steps, map.context());
    given.push_back("at_call");
  }
  if (map.Find("until_step") != nullptr) {
    fault.action = Fault::Action::kHold;
    map.Text("until_step", fault.until_step);
    given.push_back("until_step");
  }
}

// What happens at the call instead of its failure: at most one thing. Gives back the key.
const char* ReadAction(MapReader& map, Fault& fault) {
  ReadContext& context = map.context();
  std::vector<const char*> given;
  if (const YamlValue* signal = map.Find("signal"); signal != nullptr) {
    fault.action = Fault::Action::kSignal;
    fault.signal = ReadSignal(*signal, "`signal`", context).value_or(fault.signal);
    given.push_back("signal");
  }
  if (map.Find("rpc") != nullptr) {
    fault.action = Fault::Action::kRpc;
    map.Text("rpc", fault.rpc.method);
    given.push_back("rpc");
  }
  ReadParams(map, fault.rpc.params);
  if (!fault.rpc.params.is_null() && fault.rpc.method.empty()) {
    context.diagnostics.Add(map.KeyPosition("params"), "`params` needs `rpc`");
  }
  if (const YamlValue* expect = map.Find("expect"); expect != nullptr) {
    fault.expect = ReadRpcExpectations(*expect, context);
    if (fault.action != Fault::Action::kRpc) {
      context.diagnostics.Add(map.KeyPosition("expect"), "`expect` needs `rpc`");
    }
  }
  bool drop = false;
  map.Bool("drop_connection", drop);
  if (drop) {
    fault.action = Fault::Action::kDropConnection;
    given.push_back("drop_connection");
  }
  ReadHolds(map, fault, given);
  if (given.size() > 1) {
    context.diagnostics.Add(map.position(),
                            fmt::format("`{}` and `{}`; expected one", given[0], given[1]));
  }
  return given.empty() ? "" : given.front();
}

void ReadEffect(MapReader& map, Fault& fault) {
  ReadContext& context = map.context();
  const char* const name = ReadAction(map, fault);
  const YamlValue* result = map.Find("result");
  if (result != nullptr) {
    fault.result = ReadInteger(*result, "`result`", context, std::numeric_limits<int64_t>::min(),
                               std::numeric_limits<int64_t>::max());
  }
  const YamlValue* error = map.Find("errno");
  if (error != nullptr) {
    fault.errno_value = ReadErrno(*error, "`errno`", context);
  }
  if (fault.action != Fault::Action::kFail && (result != nullptr || error != nullptr)) {
    context.diagnostics.Add(
        map.position(),
        fmt::format("`{}` lets the call go on; `result` and `errno` have no place here", name));
  }
}

// "dpdk/ring/create" -> "ring-create".
std::string IdFromPoint(const std::string& point) {
  const size_t last = point.rfind('/');
  const size_t before = last == std::string::npos || last == 0 ? last : point.rfind('/', last - 1);
  std::string id = before == std::string::npos ? point : point.substr(before + 1);
  std::replace(id.begin(), id.end(), '/', '-');
  return id;
}

// Faults without an id get one after all written ids are known.
void FillIds(std::vector<Fault>& faults, Diagnostics& diagnostics) {
  std::set<std::string> taken;
  for (const Fault& fault : faults) {
    if (!fault.id.empty() && !taken.insert(fault.id).second) {
      diagnostics.Add(fault.position, fmt::format("two faults have the id `{}`", fault.id));
    }
  }
  for (Fault& fault : faults) {
    for (int number = 1; fault.id.empty(); ++number) {
      const std::string id = fmt::format("{}-{}", IdFromPoint(fault.point), number);
      fault.id = taken.insert(id).second ? id : "";
    }
  }
}

}  // namespace

std::optional<CallRange> ParseCallRange(std::string_view text) {
  CallRange range;
  const auto first = TakeNumber(text);
  if (!first.has_value()) {
    return std::nullopt;
  }
  range.first = range.last = *first;
  if (text.starts_with("..")) {
    text.remove_prefix(2);
    range.last = kForEver;
    if (!text.empty() && text[0] != '+') {
      const auto last = TakeNumber(text);
      if (!last.has_value() || *last < range.first) {
        return std::nullopt;
      }
      range.last = *last;
    }
  } else if (text.starts_with('+')) {
    range.last = kForEver;
  }
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    const auto step = TakeNumber(text);
    if (!step.has_value()) {
      return std::nullopt;
    }
    range.step = *step;
  }
  return text.empty() ? std::optional<CallRange>(range) : std::nullopt;
}

std::vector<Fault> ReadFaults(MapReader& scenario) {
  std::vector<Fault> faults;
  const YamlValue* list = scenario.Find("faults");
  if (list == nullptr) {
    return faults;
  }
  ReadContext& context = scenario.context();
  if (list->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*list, "`faults`", "a list of faults", context);
    return faults;
  }
  if (list->items.size() > kMaxFaults) {
    context.diagnostics.Add(list->position, fmt::format("{} faults; expected at most {}",
                                                        list->items.size(), kMaxFaults));
    return faults;
  }
  for (const YamlPtr& item : list->items) {
    Fault fault;
    fault.position = item->position;
    MapReader map(*item, "a fault", context);
    map.Text("id", fault.id);
    map.Require("point");
    map.Text("point", fault.point);
    map.Text("target", fault.target);
    ReadCalls(map, fault);
    ReadPlace(map, fault);
    ReadEffect(map, fault);
    map.Finish();
    faults.push_back(std::move(fault));
  }
  FillIds(faults, context.diagnostics);
  return faults;
}

}  // namespace faultline
