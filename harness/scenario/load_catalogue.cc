#include "harness/scenario/load_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "harness/scenario/document.h"
#include "harness/scenario/load_condition.h"
#include "harness/scenario/named_values.h"
#include "harness/scenario/nearest_word.h"
#include "harness/scenario/scalar.h"

namespace faultline {
namespace {

constexpr int kLastArgument = 5;    // of the integer argument registers
constexpr int kMaxStackWords = 32;  // protocol::PlanObserver::stack_words

// Catalogues have no variables of their own.
const Variables kNoVariables;

bool IsPointName(std::string_view name) {
  return !name.empty() && name.front() != '/' && name.back() != '/' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-/") ==
             std::string_view::npos;
}

void CheckName(const YamlValue::Entry& entry, std::string_view what, ReadContext& context) {
  if (!IsPointName(entry.key)) {
    context.diagnostics.Add(entry.key_position,
                            fmt::format("`{}` is no name of {}; expected lower-case words, digits, "
                                        "`_` and `-`, parted by `/`",
                                        entry.key, what));
  }
}

// null, void (nothing is returned: the call is just left out), a number, or an errno's name with or
// without a minus.
std::optional<int64_t> ReadResult(const YamlValue& value, ReadContext& context) {
  if (value.kind == YamlValue::Kind::kNull) {
    return 0;
  }
  constexpr std::string_view kExpected =
      "null, void, false, MAP_FAILED, a whole number, or an errno as -ENOMEM";
  if (value.kind != YamlValue::Kind::kScalar) {
    ReportWrongType(value, "`result`", kExpected, context);
    return std::nullopt;
  }
  const std::optional<std::string> text = ReadText(value, "`result`", context);
  if (!text.has_value()) {
    return std::nullopt;
  }
  if (*text == "void" || *text == "false") {
    return 0;
  }
  if (*text == "MAP_FAILED") {
    return -1;
  }
  const bool negative = text->starts_with("-E");
  if (const auto error = ErrnoByName(text->substr(negative ? 1 : 0)); error.has_value()) {
    return negative ? -*error : *error;
  }
  if (negative || text->starts_with('E')) {
    ReportUnknownWord(value.position, "errno", text->substr(negative ? 1 : 0), ErrnoNames(),
                      context);
    return std::nullopt;
  }
  const std::optional<int64_t> number = ParseInteger(*text);
  if (!number.has_value()) {
    ReportWrongType(value, "`result`", kExpected, context);
  }
  return number;
}

// `fails`: {result, errno, and any of the catalogue's error variables}. Whether those are declared
// can only be said when all files have been read; see CheckErrorVariables.
void ReadFailure(const YamlValue& value, FailureValue& failure, ReadContext& context) {
  MapReader map(value, "`fails`", context);
  if (const YamlValue* result = map.Require("result"); result != nullptr) {
    failure.result = ReadResult(*result, context).value_or(0);
  }
  if (const YamlValue* error = map.Find("errno"); error != nullptr) {
    failure.errno_value = ReadErrno(*error, "`errno`", context).value_or(0);
  }
  for (const YamlValue::Entry& entry : value.entries) {
    if (entry.key.ends_with("_errno")) {
      map.Find(entry.key);
      if (const auto number = ReadErrno(*entry.value, entry.key, context); number.has_value()) {
        failure.error_variables[entry.key] = *number;
      }
    }
  }
  map.Finish();
}

// What a file's points and observers are added to.
struct Target {
  Catalogue& catalogue;
  std::string module;  // of those that name none
};

// Keys that points and observers share.
template <typename Hooked>
void ReadHooked(MapReader& map, const Target& target, Hooked& hooked) {
  if (const YamlValue* symbols = map.Require("symbols"); symbols != nullptr) {
    hooked.symbols = ReadTexts(*symbols, "`symbols`", map.context());
    if (hooked.symbols.empty()) {
      map.context().diagnostics.Add(symbols->position, "`symbols` is empty; expected functions");
    }
  }
  hooked.module = target.module;
  map.Text("module", hooked.module);
  map.Text("summary", hooked.summary);
  if (const YamlValue* when = map.Find("when"); when != nullptr) {
    hooked.when = ReadConditions(*when, map.context());
  }
}

void ReadPoint(const YamlValue::Entry& entry, const Target& target, ReadContext& context) {
  Catalogue& catalogue = target.catalogue;
  CheckName(entry, "a fault point", context);
  FaultPoint point;
  point.name = entry.key;
  point.position = entry.key_position;
  MapReader map(*entry.value, fmt::format("point `{}`", entry.key), context);
  ReadHooked(map, target, point);
  if (const YamlValue* fails = map.Require("fails"); fails != nullptr) {
    ReadFailure(*fails, point.failure, context);
  }
  map.Finish();
  if (const FaultPoint* first = catalogue.FindPoint(point.name); first != nullptr) {
    context.diagnostics.Add(point.position, fmt::format("point `{}` is already at {}", point.name,
                                                        first->position.ToString()));
    return;
  }
  catalogue.points.push_back(std::move(point));
}

// `key`: an argument's number, or `result`. An error note has none.
void ReadKey(MapReader& map, Observer& observer) {
  const YamlValue* key = map.Find("key");
  if (observer.event == Observer::Event::kErrorNote) {
    if (key != nullptr) {
      map.context().diagnostics.Add(key->position, "an error note has no `key`");
    }
    return;
  }
  if (key == nullptr) {
    map.Require("key");
    return;
  }
  if (key->kind == YamlValue::Kind::kScalar && key->text == "result") {
    if (!observer.wrap) {
      map.context().diagnostics.Add(key->position, "`key: result` needs `wrap: true`");
    }
    return;
  }
  if (auto number = ReadInteger(*key, "`key`", map.context(), 0, kLastArgument);
      number.has_value()) {
    observer.key_argument = static_cast<int>(*number);
  }
}

void ReadObserver(const YamlValue::Entry& entry, const Target& target, ReadContext& context) {
  static const Words<Observer::Event> kEvents = {{"create", Observer::Event::kCreate},
                                                 {"destroy", Observer::Event::kDestroy},
                                                 {"use", Observer::Event::kUse},
                                                 {"error_note", Observer::Event::kErrorNote}};
  CheckName(entry, "an observer", context);
  Observer observer;
  observer.name = entry.key;
  observer.position = entry.key_position;
  MapReader map(*entry.value, fmt::format("observer `{}`", entry.key), context);
  ReadHooked(map, target, observer);
  if (const YamlValue* event = map.Require("event"); event != nullptr) {
    observer.event = ReadWord(*event, "event", context, kEvents).value_or(observer.event);
  }
  map.Text("registry", observer.registry);
  if (observer.registry.empty() && observer.event != Observer::Event::kErrorNote) {
    map.Require("registry");
  }
  map.Bool("wrap", observer.wrap);
  ReadKey(map, observer);
  if (const YamlValue* label = map.Find("label"); label != nullptr) {
    if (auto number = ReadInteger(*label, "`label`", context, 0, kLastArgument);
        number.has_value()) {
      observer.label_argument = static_cast<int>(*number);
    }
  }
  map.Integer("stack_words", observer.stack_words, 0, kMaxStackWords);
  map.Texts("ignore_callers", observer.ignore_callers);
  map.Finish();
  Catalogue& catalogue = target.catalogue;
  const auto first = std::find_if(catalogue.observers.begin(), catalogue.observers.end(),
                                  [&](const Observer& one) { return one.name == observer.name; });
  if (first != catalogue.observers.end()) {
    context.diagnostics.Add(
        observer.position,
        fmt::format("observer `{}` is already at {}", observer.name, first->position.ToString()));
    return;
  }
  catalogue.observers.push_back(std::move(observer));
}

template <typename Reader>
void ReadEach(MapReader& document, std::string_view key, const Target& target, Reader read) {
  const YamlValue* all = document.Find(key);
  if (all == nullptr) {
    return;
  }
  if (all->kind != YamlValue::Kind::kMap) {
    ReportWrongType(*all, fmt::format("`{}`", key), "a map by name", document.context());
    return;
  }
  for (const YamlValue::Entry& entry : all->entries) {
    read(entry, target, document.context());
  }
}

void CheckErrorVariables(const Catalogue& catalogue, Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (const auto& [name, symbol] : catalogue.error_variables) {
    known.push_back(name);
  }
  for (const FaultPoint& point : catalogue.points) {
    for (const auto& [name, value] : point.failure.error_variables) {
      if (!catalogue.error_variables.contains(name)) {
        diagnostics.Add(point.position,
                        fmt::format("point `{}` sets `{}`, which no `error_variables` declares{}",
                                    point.name, name, DidYouMean(name, known)));
      }
    }
  }
}

void AppendFile(const std::filesystem::path& file, Catalogue& catalogue, Diagnostics& diagnostics) {
  const YamlPtr root = ReadYamlFile(file, diagnostics);
  if (root == nullptr) {
    return;
  }
  ReadContext context{diagnostics, kNoVariables};
  MapReader document(*root, "a catalogue", context);
  if (!CheckVersion(document)) {
    return;
  }
  std::string summary;
  document.Text("summary", summary);
  document.TextMap("error_variables", catalogue.error_variables, SubstituteStage::kFinal);
  std::vector<std::string> wrappers;
  document.Texts("wrappers", wrappers);
  catalogue.wrappers.insert(catalogue.wrappers.end(), wrappers.begin(), wrappers.end());
  Target target{catalogue, ""};
  document.Text("module", target.module);
  ReadEach(document, "points", target, ReadPoint);
  ReadEach(document, "observers", target, ReadObserver);
  document.Finish();
}

}  // namespace

void LoadCatalogueFile(const std::filesystem::path& file, Catalogue& catalogue,
                       Diagnostics& diagnostics) {
  AppendFile(file, catalogue, diagnostics);
  CheckErrorVariables(catalogue, diagnostics);
}

Catalogue LoadCatalogue(const std::filesystem::path& data_dir,
                        const std::vector<std::string>& names, Diagnostics& diagnostics,
                        const SourcePosition& asked_at) {
  Catalogue catalogue;
  std::vector<std::string> seen;
  for (const std::string& name : names) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      diagnostics.Add(asked_at, fmt::format("catalogue `{}` is named twice", name));
      continue;
    }
    seen.push_back(name);
    if (const auto file =
            FindNamed(data_dir / "catalogue", "catalogue", name, asked_at, diagnostics);
        file.has_value()) {
      AppendFile(*file, catalogue, diagnostics);
    }
  }
  CheckErrorVariables(catalogue, diagnostics);
  return catalogue;
}

Catalogue LoadCatalogue(const std::filesystem::path& data_dir,
                        const std::vector<std::string>& names) {
  Diagnostics diagnostics;
  Catalogue catalogue = LoadCatalogue(data_dir, names, diagnostics);
  diagnostics.ThrowIfAny();
  return catalogue;
}

std::vector<std::string> CatalogueNames(const std::filesystem::path& data_dir) {
  return NamesIn(data_dir / "catalogue");
}

}  // namespace faultline
