#include "harness/run/answer_value.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/line_pattern.h"
#include "harness/run/rpc_match.h"
#include "harness/scenario/scalar.h"

namespace faultline {
namespace {

using nlohmann::json;
using TestKind = ValueTest::Kind;

constexpr size_t kMostShown = 120;

std::string Show(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() > kMostShown ? text.substr(0, kMostShown) + "..." : text;
}

const json* Member(const json& value, const std::string& name) {
  if (value.is_object()) {
    const auto found = value.find(name);
    return found == value.end() ? nullptr : &*found;
  }
  const auto index = ParseInteger(name);
  const bool is_index =
      value.is_array() && index && *index >= 0 && std::cmp_less(*index, value.size());
  return is_index ? &value[static_cast<size_t>(*index)] : nullptr;
}

const json* FindByPointer(const json& answer, const std::string& path) {
  try {
    const json::json_pointer pointer(path);
    return answer.contains(pointer) ? &answer.at(pointer) : nullptr;
  } catch (const json::exception&) {
    return nullptr;
  }
}

size_t LengthOf(const json& value) {
  return value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
}

std::string TextOf(const json& value) {
  return value.is_string() ? value.get<std::string>() : Show(value);
}

bool HasPart(const json& value, const json& part) {
  if (value.is_string() && part.is_string()) {
    return value.get_ref<const std::string&>().find(part.get_ref<const std::string&>()) !=
           std::string::npos;
  }
  return value.is_array() && std::any_of(value.begin(), value.end(), [&](const json& element) {
           return Contains(element, part);
         });
}

bool Compare(const json& value, const ValueTest& test) {
  if (!value.is_number() || !test.value.is_number()) {
    return false;
  }
  switch (test.kind) {
    case TestKind::kAbove:
      return value > test.value;
    case TestKind::kBelow:
      return value < test.value;
    case TestKind::kAtLeast:
      return value >= test.value;
    default:
      return value <= test.value;
  }
}

bool PassesHere(const json& value, const ValueTest& test) {
  switch (test.kind) {
    case TestKind::kEquals:
      return value == test.value;
    case TestKind::kNotEquals:
      return value != test.value;
    case TestKind::kMatches:
      return LinePattern(test.value.get<std::string>()).Matches(TextOf(value));
    case TestKind::kContains:
      return HasPart(value, test.value);
    case TestKind::kLacks:
      return !HasPart(value, test.value);
    case TestKind::kAbsent:
      return false;
    case TestKind::kPresent:
      return true;
    default:
      return Compare(value, test);
  }
}

std::string_view Word(TestKind kind) {
  switch (kind) {
    case TestKind::kEquals:
      return "equal to";
    case TestKind::kNotEquals:
      return "not equal to";
    case TestKind::kAbove:
      return "above";
    case TestKind::kBelow:
      return "below";
    case TestKind::kAtLeast:
      return "at least";
    case TestKind::kAtMost:
      return "at most";
    case TestKind::kMatches:
      return "matching";
    case TestKind::kContains:
      return "with";
    case TestKind::kLacks:
      return "without";
    case TestKind::kAbsent:
      return "absent";
    case TestKind::kPresent:
      break;
  }
  return "present";
}

}  // namespace

const json* FindAt(const json& answer, const std::string& path) {
  if (path == ".") {
    return &answer;
  }
  if (path.starts_with('/')) {
    return FindByPointer(answer, path);
  }
  const json* value = &answer;
  for (size_t at = 0; value != nullptr && at <= path.size();) {
    const size_t end = std::min(path.find('.', at), path.size());
    value = Member(*value, path.substr(at, end - at));
    at = end + 1;
  }
  return value;
}

bool Passes(const json& answer, const ValueTest& test) {
  const json* value = FindAt(answer, test.path);
  if (value == nullptr) {
    return test.kind == TestKind::kAbsent || test.kind == TestKind::kLacks;
  }
  if (!test.of_length) {
    return PassesHere(*value, test);
  }
  const bool has_length = value->is_structured() || value->is_string();
  return has_length && PassesHere(json(LengthOf(*value)), test);
}

std::vector<ValueTest> ExpandForRun(std::vector<ValueTest> tests, const Variables& values,
                                    const std::map<std::string, json>& saved) {
  for (ValueTest& test : tests) {
    test.value = ExpandJsonForRun(test.value, values, saved);
  }
  return tests;
}

std::string Describe(const ValueTest& test) {
  const std::string what = test.of_length ? "the length of " + test.path : test.path;
  const bool has_value = test.kind != TestKind::kAbsent && test.kind != TestKind::kPresent;
  return fmt::format("{} {}{}", what, Word(test.kind), has_value ? " " + Show(test.value) : "");
}

std::string FirstFailed(const json& answer, const std::vector<ValueTest>& tests) {
  for (const ValueTest& test : tests) {
    if (Passes(answer, test)) {
      continue;
    }
    const json* value = FindAt(answer, test.path);
    if (value == nullptr) {
      return Describe(test) + ", and there is nothing";
    }
    const bool has_length = value->is_structured() || value->is_string();
    return fmt::format(
        "{}, and it is {}", Describe(test),
        test.of_length && has_length ? std::to_string(LengthOf(*value)) : Show(*value));
  }
  return "";
}

}  // namespace faultline
