#include "harness/scenario/load_answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/reserved_names.h"
#include "harness/scenario/vacuous.h"

namespace faultline {
namespace {

using TestKind = ValueTest::Kind;

const Words<TestKind>& Tests() {
  static const Words<TestKind> kTests = {
      {"equals", TestKind::kEquals},    {"not_equals", TestKind::kNotEquals},
      {"above", TestKind::kAbove},      {"below", TestKind::kBelow},
      {"at_least", TestKind::kAtLeast}, {"at_most", TestKind::kAtMost},
      {"matches", TestKind::kMatches},  {"contains", TestKind::kContains},
      {"lacks", TestKind::kLacks},      {"absent", TestKind::kAbsent},
      {"present", TestKind::kPresent}};
  return kTests;
}

bool ComparesNumbers(TestKind kind) {
  return kind == TestKind::kAbove || kind == TestKind::kBelow || kind == TestKind::kAtLeast ||
         kind == TestKind::kAtMost;
}

// A number, or what a run turns into one.
bool IsNumber(const nlohmann::json& value) {
  return value.is_number() ||
         (value.is_string() && value.get_ref<const std::string&>().starts_with(kKeepsType));
}

void ReadTest(const std::string& word, TestKind kind, const YamlValue& value, std::string_view what,
              ReadContext& context, std::vector<ValueTest>& out) {
  ValueTest test;
  test.kind = kind;
  if (kind == TestKind::kMatches) {
    test.value =
        ReadPattern(value, "`matches`", context, SubstituteStage::kKeepForRun).value_or("");
  } else if (kind == TestKind::kAbsent || kind == TestKind::kPresent) {
    if (const auto yes = ReadBool(value, fmt::format("`{}`", word), context); yes.has_value()) {
      test.kind = (kind == TestKind::kAbsent) == *yes ? TestKind::kAbsent : TestKind::kPresent;
    }
  } else {
    const auto read = ReadJson(value, fmt::format("`{}`", word), context);
    test.value = read.value_or(nullptr);
    if (read.has_value() && ComparesNumbers(kind) && !IsNumber(test.value)) {
      ReportWrongType(value, fmt::format("`{}` of {}", word, what), "a number", context);
    }
  }
  out.push_back(std::move(test));
}

bool CheckPath(const std::string& path, const SourcePosition& position, ReadContext& context) {
  const bool pointer = path.starts_with('/');
  const bool good = path == "." || pointer ||
                    (!path.empty() && path.front() != '.' && path.back() != '.' &&
                     path.find("..") == std::string::npos);
  if (!good) {
    context.diagnostics.Add(
        position,
        fmt::format("`{}` is no path into an answer; expected names and indexes with dots "
                    "between them (0.name), a JSON Pointer (/0/name), or . for all of it",
                    path));
  }
  return good;
}

}  // namespace

std::vector<ValueTest> ReadValueTests(const YamlValue& value, const std::string& what,
                                      ReadContext& context) {
  std::vector<ValueTest> tests;
  if (value.kind != YamlValue::Kind::kMap) {
    ReadTest("equals", TestKind::kEquals, value, what, context, tests);
    return tests;
  }
  MapReader map(value, "a test of " + what, context);
  for (const auto& [word, kind] : Tests()) {
    if (const YamlValue* given = map.Find(word); given != nullptr) {
      ReadTest(std::string(word), kind, *given, what, context, tests);
    }
  }
  if (const YamlValue* length = map.Find("length"); length != nullptr) {
    for (ValueTest& test : ReadValueTests(*length, "`length`", context)) {
      if (test.of_length) {
        ReportWrongType(*length, "`length`", "a number or tests of it", context);
      }
      test.of_length = true;
      tests.push_back(std::move(test));
    }
  }
  map.Finish();
  if (value.entries.empty()) {
    ReportWrongType(value, what, "a value, or tests as {at_least: 2, matches: PATTERN}", context);
  }
  return tests;
}

std::vector<ValueTest> ReadWhere(const YamlValue& value, ReadContext& context) {
  std::vector<ValueTest> all;
  if (value.kind != YamlValue::Kind::kMap || value.entries.empty()) {
    ReportWrongType(value, "`where`", "tests by path, as {0.name: {matches: PATTERN}}", context);
    return all;
  }
  for (const YamlValue::Entry& entry : value.entries) {
    if (!CheckPath(entry.key, entry.key_position, context)) {
      continue;
    }
    for (ValueTest& test : ReadValueTests(*entry.value, fmt::format("`{}`", entry.key), context)) {
      test.path = entry.key;
      if (HoldsOfEveryValue(test)) {
        ReportWrongType(*entry.value, fmt::format("a test of `{}`", entry.key),
                        "one that some value does not pass; this one every value does", context);
      }
      all.push_back(std::move(test));
    }
  }
  return all;
}

std::map<std::string, std::string> ReadSave(const YamlValue& value, ReadContext& context) {
  std::map<std::string, std::string> save;
  if (value.kind != YamlValue::Kind::kMap || value.entries.empty()) {
    ReportWrongType(value, "`save`", "paths by name, as {uuid: 0.uuid}", context);
    return save;
  }
  for (const YamlValue::Entry& entry : value.entries) {
    if (!IsVariableName(entry.key)) {
      context.diagnostics.Add(
          entry.key_position,
          fmt::format("`{}` is no name of a variable; expected lower-case letters, digits and `_`",
                      entry.key));
    } else if (const std::string why = WhyReserved(entry.key); !why.empty()) {
      context.diagnostics.Add(entry.key_position, why);
    } else if (context.variables.contains(entry.key)) {
      context.diagnostics.Add(
          entry.key_position,
          fmt::format("`{}` is a variable with a value of its own; expected another name",
                      entry.key));
    }
    const auto path = ReadText(*entry.value, fmt::format("`{}`", entry.key), context);
    if (path.has_value() && CheckPath(*path, entry.value->position, context)) {
      save[entry.key] = *path;
    }
  }
  return save;
}

}  // namespace faultline
