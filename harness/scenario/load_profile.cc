#include "harness/scenario/load_profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/scenario/document.h"
#include "harness/scenario/finding_kinds.h"
#include "harness/scenario/load_common.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

constexpr int kLastExitCode = 255;

// `ready`: `started`, {rpc: METHOD} (or {rpc: } for a mere connection) or {log: PATTERN}.
void ReadReady(MapReader& map, ReadyCondition& ready) {
  const YamlValue* value = map.Find("ready");
  if (value == nullptr || (value->kind == YamlValue::Kind::kScalar && value->text == "started")) {
    return;
  }
  if (value->kind != YamlValue::Kind::kMap || value->entries.size() != 1) {
    ReportWrongType(*value, "`ready`", "`started`, {rpc: METHOD} or {log: PATTERN}", map.context());
    return;
  }
  MapReader reader(*value, "`ready`", map.context());
  if (const YamlValue* method = reader.Find("rpc"); method != nullptr) {
    ready.kind = ReadyCondition::Kind::kRpcSocket;
    if (method->kind != YamlValue::Kind::kNull) {
      reader.Text("rpc", ready.rpc_method);
    }
  }
  if (reader.Find("log") != nullptr) {
    ready.kind = ReadyCondition::Kind::kLogLine;
    reader.Pattern("log", ready.log_pattern, SubstituteStage::kKeepForRun);
  }
  reader.Finish();
}

void ReadLogPatterns(MapReader& map, std::vector<LogPattern>& out) {
  const YamlValue* list = map.Find("log_patterns");
  if (list == nullptr) {
    return;
  }
  if (list->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*list, "`log_patterns`", "a list of {kind, pattern, note}", map.context());
    return;
  }
  for (const YamlPtr& item : list->items) {
    LogPattern pattern;
    pattern.position = item->position;
    MapReader reader(*item, "a log pattern", map.context());
    reader.Require("kind");
    reader.Text("kind", pattern.kind);
    reader.Require("pattern");
    reader.Pattern("pattern", pattern.pattern);
    reader.Text("note", pattern.note);
    reader.Finish();
    CheckFindingKind(pattern.kind, LogPatternKinds(), "a log pattern", reader.KeyPosition("kind"),
                     map.context().diagnostics);
    out.push_back(std::move(pattern));
  }
}

void ReadPatterns(MapReader& map, std::string_view key, std::vector<std::string>& out) {
  const YamlValue* list = map.Find(key);
  if (list == nullptr) {
    return;
  }
  if (list->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*list, fmt::format("`{}`", key), "a list of patterns", map.context());
    return;
  }
  for (const YamlPtr& item : list->items) {
    if (auto pattern = ReadPattern(*item, fmt::format("`{}`", key), map.context());
        pattern.has_value()) {
      out.push_back(std::move(*pattern));
    }
  }
}

// `deliberate_abort`: a list of patterns, or of {pattern, allowed, note, when}.
void ReadDeliberateAborts(MapReader& map, std::vector<DeliberateAbort>& out) {
  const YamlValue* list = map.Find("deliberate_abort");
  if (list == nullptr) {
    return;
  }
  if (list->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*list, "`deliberate_abort`", "a list of patterns", map.context());
    return;
  }
  for (const YamlPtr& item : list->items) {
    DeliberateAbort abort;
    abort.position = item->position;
    if (item->kind == YamlValue::Kind::kMap) {
      MapReader reader(*item, "a deliberate abort", map.context());
      reader.Require("pattern");
      reader.Pattern("pattern", abort.pattern);
      reader.Bool("allowed", abort.allowed);
      reader.Text("note", abort.note);
      reader.Pattern("when", abort.note_when);  // `allowed` holds only there too
      reader.Finish();
    } else if (auto pattern = ReadPattern(*item, "`deliberate_abort`", map.context())) {
      abort.pattern = std::move(*pattern);
    }
    out.push_back(std::move(abort));
  }
}

void AppendMissing(const YamlValue& from, YamlValue& to) {
  for (const YamlValue::Entry& entry : from.entries) {
    if (to.Find(entry.key) == nullptr) {
      to.entries.push_back(entry);
    }
  }
}

void ReadCommandLine(MapReader& map, Profile& profile) {
  map.Text("program", profile.program);
  map.Text("program_variable", profile.program_variable);
  map.Text("package", profile.package);
  ReadArguments(map, "args", profile.args);
  ReadArguments(map, "args_with_hugetlbfs", profile.args_with_hugetlbfs);
  ReadArguments(map, "args_without_hugetlbfs", profile.args_without_hugetlbfs);
  ReadArguments(map, "app_args", profile.app_args);
  map.Texts("required_args", profile.required_args);
  ReadEnvironment(map, profile.environment);
  map.Texts("leftovers", profile.leftovers, SubstituteStage::kKeepForRun);
  for (const std::string& required : profile.required_args) {
    const auto& args = profile.args;
    if (std::find(args.begin(), args.end(), required) == args.end()) {
      map.context().diagnostics.Add(
          map.KeyPosition("required_args"),
          fmt::format("`{}` is required but does not stand in `args`", required));
    }
  }
}

void ReadStopRpc(MapReader& map, Profile& profile) {
  const YamlValue* value = map.Find("stop_rpc");
  if (value == nullptr) {
    return;
  }
  MapReader call(*value, "`stop_rpc`", map.context());
  call.Require("method");
  call.Text("method", profile.stop_rpc.method);
  ReadParams(call, profile.stop_rpc.params);
  call.Finish();
  if (!profile.rpc) {
    map.context().diagnostics.Add(map.KeyPosition("stop_rpc"), "`stop_rpc` needs `rpc: true`");
  }
}

void ReadBehaviour(MapReader& map, Profile& profile) {
  map.Bool("terminal", profile.terminal);
  map.Bool("rpc", profile.rpc);
  ReadReady(map, profile.ready);
  if (profile.ready.kind == ReadyCondition::Kind::kRpcSocket && !profile.rpc) {
    map.context().diagnostics.Add(map.KeyPosition("ready"),
                                  "`ready: {rpc: ...}` needs `rpc: true`");
  }
  if (const YamlValue* signal = map.Find("stop_signal"); signal != nullptr) {
    profile.stop_signal =
        ReadSignal(*signal, "`stop_signal`", map.context()).value_or(profile.stop_signal);
  }
  ReadStopRpc(map, profile);
  if (const YamlValue* codes = map.Find("clean_exit_codes"); codes != nullptr) {
    profile.clean_exit_codes =
        ReadIntegers(*codes, "`clean_exit_codes`", map.context(), 0, kLastExitCode);
  }
  ReadLimits(map, profile.limits_ms);
  ReadLogPatterns(map, profile.log_patterns);
  ReadDeliberateAborts(map, profile.deliberate_abort);
  ReadPatterns(map, "error_lines", profile.error_lines);
}

// `profile` with what its parent has and it has not; variables are joined one by one. A profile's
// parent has no parent itself, so there is no chain to follow.
YamlPtr WithParent(const YamlPtr& profile, const std::filesystem::path& profiles_dir,
                   Diagnostics& diagnostics) {
  const YamlValue::Entry* extends = profile->Find("extends");
  if (extends == nullptr) {
    return profile;
  }
  const auto file = FindNamed(profiles_dir, "profile", extends->value->text,
                              extends->value->position, diagnostics);
  const YamlPtr parent = file.has_value() ? ReadYamlFile(*file, diagnostics) : nullptr;
  if (parent == nullptr) {
    return profile;
  }
  if (parent->Find("extends") != nullptr) {
    diagnostics.Add(extends->value->position,
                    fmt::format("profile `{}` extends another itself; expected one that does not",
                                extends->value->text));
    return profile;
  }
  auto joined = std::make_shared<YamlValue>(*profile);
  AppendMissing(*parent, *joined);
  const YamlValue::Entry* own = profile->Find("variables");
  const YamlValue::Entry* inherited = parent->Find("variables");
  if (own != nullptr && inherited != nullptr) {
    auto variables = std::make_shared<YamlValue>(*own->value);
    AppendMissing(*inherited->value, *variables);
    for (YamlValue::Entry& entry : joined->entries) {
      entry.value = entry.key == "variables" ? YamlPtr(variables) : entry.value;
    }
  }
  return joined;
}

void CheckKnown(const Variables& given, const Profile& profile, Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (const auto& [name, value] : profile.variables) {
    known.push_back(name);
  }
  for (const auto& [name, value] : given) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      diagnostics.Add(profile.position, fmt::format("profile `{}` has no variable `{}`{}",
                                                    profile.name, name, DidYouMean(name, known)));
    }
  }
}

}  // namespace

Profile LoadProfileFile(const std::filesystem::path& file, const Variables& variables,
                        Diagnostics& diagnostics) {
  Profile profile;
  profile.name = file.stem();
  const YamlPtr written = ReadYamlFile(file, diagnostics);
  if (written == nullptr) {
    return profile;
  }
  profile.position = written->position;
  const YamlPtr root = WithParent(written, file.parent_path(), diagnostics);
  Variables effective = variables;
  ReadContext context{diagnostics, effective};
  MapReader map(*root, "a profile", context);
  if (!CheckVersion(map)) {
    return profile;
  }
  profile.variables = ReadVariables(map);
  effective.insert(profile.variables.begin(), profile.variables.end());
  std::string parent;
  map.Text("extends", parent);
  map.Text("summary", profile.summary);
  ReadCommandLine(map, profile);
  ReadBehaviour(map, profile);
  map.Texts("catalogues", profile.catalogues);
  profile.catalogues_position = map.KeyPosition("catalogues");
  map.Finish();
  return profile;
}

Profile LoadProfile(const std::filesystem::path& data_dir, const std::string& name,
                    const Variables& variables, Diagnostics& diagnostics,
                    const SourcePosition& asked_at) {
  const auto file = FindNamed(data_dir / "profiles", "profile", name, asked_at, diagnostics);
  if (!file.has_value()) {
    Profile profile;
    profile.name = name;
    return profile;
  }
  return LoadProfileFile(*file, variables, diagnostics);
}

Profile LoadProfile(const std::filesystem::path& data_dir, const std::string& name,
                    const Variables& variables) {
  Diagnostics diagnostics;
  Profile profile = LoadProfile(data_dir, name, variables, diagnostics);
  CheckKnown(variables, profile, diagnostics);
  diagnostics.ThrowIfAny();
  return profile;
}

std::vector<std::string> ProfileNames(const std::filesystem::path& data_dir) {
  return NamesIn(data_dir / "profiles");
}

}  // namespace faultline
