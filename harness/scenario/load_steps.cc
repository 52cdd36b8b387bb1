#include "harness/scenario/load_steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/scenario/document.h"
#include "harness/scenario/load_common.h"
#include "harness/scenario/load_step.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

// Above anything a person writes; a file that includes itself by many ways would not end otherwise.
constexpr size_t kMaxSteps = 10'000;
constexpr size_t kMaxIncludeDepth = 16;

class StepsReader {
 public:
  StepsReader(const StepsScope& scope, Diagnostics& diagnostics)
      : scope_(scope), diagnostics_(diagnostics) {}

  void ReadList(const YamlValue& list, const Variables& variables) {
    ReadContext context{diagnostics_, variables, scope_.lenient};
    if (list.kind != YamlValue::Kind::kSequence) {
      ReportWrongType(list, "`steps`", "a list of steps", context);
      return;
    }
    for (const YamlPtr& item : list.items) {
      if (full_) {
        return;
      }
      if (++read_ > kMaxSteps) {
        diagnostics_.Add(item->position, fmt::format("more than {} steps", kMaxSteps));
        full_ = true;
      } else if (item->kind == YamlValue::Kind::kMap && item->Find("include") != nullptr) {
        Include(*item, context);
      } else if (auto step = ReadStep(*item, context); step.has_value()) {
        loaded_.steps.push_back(std::move(*step));
      }
    }
  }

  // Reads `file`'s steps. `given` are the variables of the includer, `with` those of the include.
  void ReadFile(const std::filesystem::path& file, const Variables& given, const YamlValue* with,
                ReadContext& includer) {
    const YamlPtr root = ReadYamlFile(file, diagnostics_);
    if (root == nullptr) {
      return;
    }
    Variables variables = given;
    ReadContext context{diagnostics_, variables, scope_.lenient};
    MapReader map(*root, "a file of steps", context);
    if (!CheckVersion(map)) {
      return;
    }
    std::string summary;
    map.Text("summary", summary);
    const Variables defaults = ReadVariables(map);
    variables.insert(defaults.begin(), defaults.end());
    if (with != nullptr) {
      ApplyWith(*with, defaults, file, includer, variables);
    }
    for (const auto& [name, value] : defaults) {
      loaded_.declared.insert(name);
    }
    open_.push_back(file);
    if (const YamlValue* steps = map.Require("steps"); steps != nullptr) {
      ReadList(*steps, variables);
    }
    open_.pop_back();
    map.Finish();
  }

  LoadedSteps TakeSteps() { return std::move(loaded_); }

 private:
  void Include(const YamlValue& value, ReadContext& context) {
    MapReader map(value, "step `include`", context);
    std::string name;
    map.Text("include", name);
    const YamlValue* with = map.Find("with");
    map.Finish();
    const SourcePosition position = value.Find("include")->value->position;
    if (name.empty()) {
      return;
    }
    const std::optional<std::filesystem::path> found = FindIncluded(name, position);
    if (!found) {
      return;
    }
    if (std::find(open_.begin(), open_.end(), *found) != open_.end()) {
      diagnostics_.Add(position, fmt::format("`{}` includes itself", name));
    } else if (open_.size() >= kMaxIncludeDepth) {
      diagnostics_.Add(position,
                       fmt::format("includes are nested more than {} deep", kMaxIncludeDepth));
    } else {
      ReadFile(*found, context.variables, with, context);
    }
  }

  // A path is taken from the including file's directory, anything else is looked for below that and
  // below each directory of data.
  std::optional<std::filesystem::path> FindIncluded(const std::string& name,
                                                    const SourcePosition& position) {
    if (IsFilePath(name)) {
      return scope_.data.Find(DataKind::kSteps, name, position, diagnostics_);
    }
    const std::filesystem::path relative(name);
    if (std::find(relative.begin(), relative.end(), "..") != relative.end()) {
      diagnostics_.Add(position,
                       fmt::format("`{}` leads out of the data directory; expected a file "
                                   "below it, as steps/NAME.yaml, or a path that begins with ./",
                                   name));
      return std::nullopt;
    }
    const DataPath data =
        position.file == nullptr ? scope_.data : scope_.data.Beside(*position.file);
    for (const std::filesystem::path& dir : data.dirs()) {
      std::filesystem::path file = (dir / relative).lexically_normal();
      if (std::filesystem::exists(file)) {
        return file;
      }
    }
    ReportMissing(data, position, name);
    return std::nullopt;
  }

  void ReportMissing(const DataPath& data, const SourcePosition& position,
                     const std::string& name) {
    std::vector<std::string> known;
    for (const DataPath::Entry& entry : data.All(DataKind::kSteps)) {
      known.push_back(fmt::format("steps/{}.yaml", entry.name));
    }
    diagnostics_.Add(position, fmt::format("there is no `{}` below {}{}", name, data.ToString(),
                                           DidYouMean(name, known)));
  }

  // Values of `with` may use the includer's variables, so they are replaced before they go in.
  void ApplyWith(const YamlValue& with, const Variables& declared,
                 const std::filesystem::path& file, ReadContext& includer, Variables& variables) {
    if (with.kind != YamlValue::Kind::kMap) {
      ReportWrongType(with, "`with`", "a map of texts", includer);
      return;
    }
    std::vector<std::string> known;
    for (const auto& [name, value] : declared) {
      known.push_back(name);
    }
    for (const YamlValue::Entry& entry : with.entries) {
      if (!declared.contains(entry.key)) {
        diagnostics_.Add(entry.key_position,
                         fmt::format("{} has no variable `{}`{}", file.filename().string(),
                                     entry.key, DidYouMean(entry.key, known)));
        continue;
      }
      const auto text = ReadText(*entry.value, fmt::format("`{}`", entry.key), includer,
                                 SubstituteStage::kKeepForRun);
      if (text.has_value() && !scope_.set.contains(entry.key)) {
        variables[entry.key] = *text;
      }
    }
  }

  const StepsScope& scope_;
  Diagnostics& diagnostics_;
  LoadedSteps loaded_;
  std::vector<std::filesystem::path> open_;  // files being read, outermost first
  size_t read_ = 0;
  bool full_ = false;
};

}  // namespace

LoadedSteps ReadSteps(const YamlValue& list, const StepsScope& scope, const Variables& variables,
                      Diagnostics& diagnostics) {
  StepsReader reader(scope, diagnostics);
  reader.ReadList(list, variables);
  return reader.TakeSteps();
}

LoadedSteps LoadStepsFile(const std::filesystem::path& file, const StepsScope& scope,
                          Diagnostics& diagnostics) {
  StepsReader reader(scope, diagnostics);
  const Variables none;
  ReadContext includer{diagnostics, none, scope.lenient};
  reader.ReadFile(file, none, nullptr, includer);
  return reader.TakeSteps();
}

}  // namespace faultline
