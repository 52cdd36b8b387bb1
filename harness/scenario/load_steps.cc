#include "harness/scenario/load_steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/scenario/document.h"
#include "harness/scenario/load_common.h"
#include "harness/scenario/load_step.h"
#include "harness/scenario/nearest_word.h"
#include "harness/scenario/reserved_names.h"

namespace faultline {
namespace {

// Above anything a person writes; a file that includes itself by many ways would not end otherwise.
constexpr int kMaxSteps = 10'000;
constexpr size_t kMaxIncludeDepth = 16;

// `target` of an include or a loop is that of its steps which name none.
class TargetOfBlock {
 public:
  TargetOfBlock(MapReader& map, std::string& target) : target_(target), before_(target) {
    map.Text("target", target_);
  }
  ~TargetOfBlock() { target_ = before_; }
  TargetOfBlock(const TargetOfBlock&) = delete;
  TargetOfBlock& operator=(const TargetOfBlock&) = delete;

 private:
  std::string& target_;
  const std::string before_;
};

class StepsReader {
 public:
  StepsReader(const StepsScope& scope, Diagnostics& diagnostics)
      : scope_(scope), diagnostics_(diagnostics) {
    loaded_.saved = scope.known;
  }

  void ReadList(const YamlValue& list, const Variables& variables) {
    ReadContext context{diagnostics_, variables, scope_.lenient, &loaded_.saved};
    if (list.kind != YamlValue::Kind::kSequence) {
      ReportWrongType(list, "`steps`", "a list of steps", context);
      return;
    }
    for (const YamlPtr& item : list.items) {
      if (full_) {
        return;
      }
      const bool is_map = item->kind == YamlValue::Kind::kMap;
      if (++read_ > kMaxSteps) {
        diagnostics_.Add(item->position, fmt::format("more than {} steps", kMaxSteps));
        full_ = true;
      } else if (is_map && item->Find("include") != nullptr) {
        Include(*item, context);
      } else if (is_map && item->Find("for_each") != nullptr) {
        ForEach(*item, context);
      } else if (is_map && item->Find("repeat") != nullptr) {
        Repeat(*item, context);
      } else if (auto step = ReadStep(*item, context); step.has_value()) {
        loaded_.saved.merge(SavedBy(*step));
        step->target = step->target.empty() ? target_ : step->target;
        loaded_.steps.push_back(std::move(*step));
      }
    }
  }

  // Reads `file`'s steps. `given` are the variables of the includer, `with` those of the include.
  void ReadFile(const std::filesystem::path& file, const Variables& given, const YamlValue* with,
                ReadContext& includer) {
    const YamlPtr root = ReadDocument(file, diagnostics_, {kFileDir});
    if (root == nullptr) {
      return;
    }
    Variables variables = given;
    ReadContext context{diagnostics_, variables, scope_.lenient, &loaded_.saved};
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
  // The steps below `list` once, under `variables`. A mistake in a step is told once, not once for
  // each time that it is read.
  void ReadOnce(const YamlValue& list, const Variables& variables) {
    if (list.kind == YamlValue::Kind::kSequence && list.items.empty()) {
      diagnostics_.Add(list.position, "a loop without steps; expected at least one");
      return;
    }
    if (!full_ && ++depth_ <= kMaxIncludeDepth) {
      ReadList(list, variables);
    } else if (!full_) {
      diagnostics_.Add(list.position,
                       fmt::format("loops are nested more than {} deep", kMaxIncludeDepth));
      full_ = true;
    }
    --depth_;
  }

  // {for_each: [VALUE ...], as: NAME, steps: [...]}; a value is a text or a map of texts.
  void ForEach(const YamlValue& value, ReadContext& context) {
    MapReader map(value, "step `for_each`", context);
    const YamlValue& items = *map.Find("for_each");
    const std::string name = LoopVariable(map, "item");
    const YamlValue* steps = map.Require("steps");
    const TargetOfBlock target(map, target_);
    map.Finish();
    if (items.kind != YamlValue::Kind::kSequence || items.items.empty()) {
      ReportWrongType(items, "`for_each`", "a list of texts, or of maps of texts", context);
      return;
    }
    for (const YamlPtr& item : items.items) {
      Variables variables = context.variables;
      const size_t mistakes = diagnostics_.count();
      if (item->kind == YamlValue::Kind::kMap) {
        for (const YamlValue::Entry& entry : item->entries) {
          CheckLoopVariable(entry.key, entry.key_position, context);
          SetLoopVariable(entry.key, *entry.value, context, variables);
        }
      } else {
        SetLoopVariable(name, *item, context, variables);
      }
      if (steps == nullptr || diagnostics_.count() > mistakes) {
        return;
      }
      ReadOnce(*steps, variables);
      if (diagnostics_.count() > mistakes) {
        return;
      }
    }
  }

  // {repeat: N, as: NAME, steps: [...]}: the variable counts from 1.
  void Repeat(const YamlValue& value, ReadContext& context) {
    MapReader map(value, "step `repeat`", context);
    int times = 0;
    map.Integer("repeat", times, 1, kMaxSteps);
    const std::string name = LoopVariable(map, "index");
    const YamlValue* steps = map.Require("steps");
    const TargetOfBlock target(map, target_);
    map.Finish();
    const size_t mistakes = diagnostics_.count();
    for (int index = 1; index <= times && steps != nullptr && !full_; ++index) {
      Variables variables = context.variables;
      variables[name] = std::to_string(index);
      ReadOnce(*steps, variables);
      if (diagnostics_.count() > mistakes) {
        return;
      }
    }
  }

  std::string LoopVariable(MapReader& map, const std::string& otherwise) {
    std::string name = otherwise;
    map.Text("as", name);
    CheckLoopVariable(name, map.KeyPosition("as"), map.context());
    return name;
  }

  void CheckLoopVariable(const std::string& name, const SourcePosition& position,
                         ReadContext& context) {
    if (!IsVariableName(name)) {
      diagnostics_.Add(
          position,
          fmt::format("`{}` is no name of a variable; expected lower-case letters, digits and `_`",
                      name));
    } else if (const std::string why = WhyReserved(name); !why.empty()) {
      diagnostics_.Add(position, why);
    } else if (context.Saved().contains(name)) {
      diagnostics_.Add(position, fmt::format("`{}` gets its value from the run", name));
    }
  }

  void SetLoopVariable(const std::string& name, const YamlValue& value, ReadContext& context,
                       Variables& variables) {
    if (const auto text =
            ReadText(value, "an item of `for_each`", context, SubstituteStage::kKeepForRun)) {
      variables[name] = *text;
    }
  }

  void Include(const YamlValue& value, ReadContext& context) {
    MapReader map(value, "step `include`", context);
    std::string name;
    map.Text("include", name);
    const YamlValue* with = map.Find("with");
    const TargetOfBlock target(map, target_);
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
  std::string target_;                       // of the steps that name none; "" = not said
  int read_ = 0;
  size_t depth_ = 0;  // of loops
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
