#include "harness/scenario/load_profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/line_pattern.h"
#include "harness/scenario/document.h"
#include "harness/scenario/finding_kinds.h"
#include "harness/scenario/inherit.h"
#include "harness/scenario/load_common.h"
#include "harness/scenario/load_end.h"
#include "harness/scenario/load_ready.h"
#include "harness/scenario/load_state_probes.h"
#include "harness/scenario/load_sweeps.h"
#include "harness/scenario/nearest_word.h"
#include "harness/scenario/parents.h"
#include "harness/scenario/reserved_names.h"

namespace faultline {
namespace {

constexpr char kWaysToBeReady[] =
    "`started`, {rpc: METHOD}, {log: PATTERN}, {file: PATH} or {port: NUMBER}";

// `ready`: `started`, {rpc: METHOD} (or {rpc: } for a mere connection), {log: PATTERN}, {file:
// PATH} or {port: NUMBER}.
void ReadReady(MapReader& map, ReadyCondition& ready) {
  const YamlValue* value = map.Find("ready");
  if (value == nullptr || (value->kind == YamlValue::Kind::kScalar && value->text == "started")) {
    return;
  }
  if (value->kind != YamlValue::Kind::kMap || value->entries.size() != 1) {
    ReportWrongType(*value, "`ready`", kWaysToBeReady, map.context());
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
    reader.Pattern("log", ready.value, SubstituteStage::kKeepForRun);
  }
  if (ReadReadyFile(reader, ready.value)) {
    ready.kind = ReadyCondition::Kind::kFile;
  }
  if (ReadReadyPort(reader, ready.value)) {
    ready.kind = ReadyCondition::Kind::kPort;
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
      if (abort.allowed && abort.note.empty()) {
        map.context().diagnostics.Add(
            reader.KeyPosition("allowed"),
            "`allowed: true` needs `note`: why this abort is no finding, to whoever reads the run");
      }
    } else if (auto pattern = ReadPattern(*item, "`deliberate_abort`", map.context())) {
      abort.pattern = std::move(*pattern);
    }
    out.push_back(std::move(abort));
  }
}

// `required_args_proof`: {function: NAME, log: PATTERN}.
void ReadArgumentsProof(MapReader& map, Profile& profile) {
  const YamlValue* value = map.Find("required_args_proof");
  if (value == nullptr) {
    return;
  }
  if (value->kind != YamlValue::Kind::kMap) {
    ReportWrongType(*value, "`required_args_proof`",
                    "{function: NAME} or {function: NAME, log: PATTERN}", map.context());
    return;
  }
  MapReader reader(*value, "`required_args_proof`", map.context());
  reader.Require("function");
  reader.Text("function", profile.arguments_proof.function);
  reader.Pattern("log", profile.arguments_proof.log_pattern);
  reader.Finish();
  if (!profile.arguments_proof.log_pattern.empty() &&
      !LinePattern(profile.arguments_proof.log_pattern).has_group()) {
    map.context().diagnostics.Add(
        reader.KeyPosition("log"),
        "`log` has no group; expected one around the arguments, as in ^EAL ARGS: (.*)");
  }
  if (profile.required_args.empty()) {
    map.context().diagnostics.Add(map.KeyPosition("required_args_proof"),
                                  "`required_args_proof` needs `required_args`");
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
  ReadArgumentsProof(map, profile);
  ReadEnvironment(map, profile.environment);
  map.Texts("leftovers", profile.leftovers, SubstituteStage::kKeepForRun);
  if (!profile.arguments_proof.function.empty()) {
    return;  // they are elsewhere
  }
  for (const std::string& required : profile.required_args) {
    const auto& args = profile.args;
    if (std::find(args.begin(), args.end(), required) == args.end()) {
      map.context().diagnostics.Add(
          map.KeyPosition("required_args"),
          fmt::format("`{}` is required but does not stand in `args`", required));
    }
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
  const EndRules end = ReadEndRules(map);
  ApplyEndRules(end, profile);
  if (end.stop_rpc) {
    CheckEndRules(profile, map.KeyPosition(map.Find("stop_rpc") != nullptr ? "stop_rpc" : "stop"),
                  map.context().diagnostics);
  }
  map.Bool("detaches", profile.detaches);
  map.Text("wraps", profile.wraps);
  if (profile.detaches && !profile.wraps.empty()) {
    map.context().diagnostics.Add(map.KeyPosition("wraps"),
                                  "`wraps` beside `detaches`; expected one of the two");
  }
  if (profile.detaches && profile.ready.kind == ReadyCondition::Kind::kStarted) {
    map.context().diagnostics.Add(
        map.KeyPosition("detaches"),
        "`detaches` needs `ready: {log: PATTERN}`, {rpc: METHOD}, {file: PATH} or {port: NUMBER}: "
        "the target is the process that is ready");
  }
  ReadLimits(map, profile.limits_ms);
  map.Integer("hugetlbfs_mb", profile.hugetlbfs_mb, 0, kMaxMegabytes);
  profile.never_stays_position = map.KeyPosition("never_stays");
  map.Texts("never_stays", profile.never_stays);
  ReadLogPatterns(map, profile.log_patterns);
  ReadDeliberateAborts(map, profile.deliberate_abort);
  ReadPatterns(map, "error_lines", profile.error_lines);
  ReadStateProbes(map, profile);
  ReadSweeps(map, profile.sweeps);
}

const InheritedKeys& InheritedByProfile() {
  static const InheritedKeys kKeys = {
      .lists = {"args", "args_with_hugetlbfs", "args_without_hugetlbfs", "app_args",
                "required_args", "leftovers", "clean_exit_codes", "clean_signals", "catalogues",
                "never_stays", "log_patterns", "deliberate_abort", "error_lines", "state_probes",
                "partial_failures"},
      .maps = {"environment"},
      .joined_maps = {"variables", "sweeps"},
      .or_one = {"required_args", "leftovers", "clean_exit_codes", "clean_signals", "catalogues",
                 "never_stays"}};
  return kKeys;
}

// Paths among the names are those of files beside the profile that names them.
void ReadCatalogueNames(MapReader& map, Profile& profile) {
  profile.catalogues_position = map.KeyPosition("catalogues");
  const YamlValue* names = map.Find("catalogues");
  if (names == nullptr) {
    return;
  }
  if (names->kind != YamlValue::Kind::kSequence) {
    map.Texts("catalogues", profile.catalogues);
    return;
  }
  for (const YamlPtr& item : names->items) {
    for (std::string& name : ReadTexts(*item, "`catalogues`", map.context())) {
      profile.catalogues.push_back(IsFilePath(name) ? ResolvePath(name, item->position).string()
                                                    : std::move(name));
    }
  }
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

Profile LoadProfileFile(const std::filesystem::path& file, const DataPath& data,
                        const Variables& variables, Diagnostics& diagnostics) {
  Profile profile;
  profile.name = file.stem();
  profile.file = file;
  const YamlPtr written = ReadDocument(file, diagnostics, {kFileDir});
  if (written == nullptr) {
    return profile;
  }
  profile.position = written->position;
  const YamlPtr root =
      WithParents(written, file, data, {DataKind::kProfile, InheritedByProfile()}, diagnostics);
  Variables effective = variables;
  ReadContext context{diagnostics, effective};
  MapReader map(*root, "a profile", context);
  if (!CheckVersion(map)) {
    return profile;
  }
  profile.variables = ReadVariables(map);
  effective.insert(profile.variables.begin(), profile.variables.end());
  effective.try_emplace(kScenarioDir, DirectoryOf(file));  // read without a scenario
  std::string parent;
  map.Text("extends", parent);
  map.Text("summary", profile.summary);
  ReadCommandLine(map, profile);
  ReadBehaviour(map, profile);
  ReadCatalogueNames(map, profile);
  map.Finish();
  return profile;
}

Profile LoadProfile(const DataPath& data, const std::string& name, const Variables& variables,
                    Diagnostics& diagnostics, const SourcePosition& asked_at) {
  const auto file = data.Find(DataKind::kProfile, name, asked_at, diagnostics);
  if (!file.has_value()) {
    Profile profile;
    profile.name = name;
    return profile;
  }
  return LoadProfileFile(*file, data, variables, diagnostics);
}

Profile LoadProfile(const DataPath& data, const std::string& name, const Variables& variables) {
  Diagnostics diagnostics;
  Profile profile = LoadProfile(data, name, variables, diagnostics);
  CheckKnown(variables, profile, diagnostics);
  diagnostics.ThrowIfAny();
  return profile;
}

}  // namespace faultline
