#include "harness/scenario/load_condition.h"

#include <limits>
#include <string>

#include "harness/scenario/map_reader.h"

namespace faultline {
namespace {

constexpr int kLastArgument = 5;  // of the integer argument registers

const Words<Condition::Kind>& NumberTests() {
  static const Words<Condition::Kind> kTests = {
      {"has_bits", Condition::Kind::kArgHasBits},
      {"equals", Condition::Kind::kArgEquals},
      {"not_equals", Condition::Kind::kArgNotEquals},
      {"signed_at_most", Condition::Kind::kArgSignedAtMost}};
  return kTests;
}

Condition ReadCondition(const YamlValue& value, ReadContext& context) {
  static const Words<Condition::Kind> kOnHugetlbfs = {{"fd", Condition::Kind::kFdOnHugetlbfs},
                                                      {"path", Condition::Kind::kPathOnHugetlbfs}};
  Condition condition;
  MapReader map(value, "a condition", context);
  map.Require("argument");
  map.Integer("argument", condition.argument, 0, kLastArgument);
  int tests = 0;
  for (const auto& [key, kind] : NumberTests()) {
    const YamlValue* operand = map.Find(key);
    if (operand == nullptr) {
      continue;
    }
    ++tests;
    condition.kind = kind;
    condition.value = static_cast<uint64_t>(ReadInteger(*operand, "`" + key + "`", context,
                                                        std::numeric_limits<int64_t>::min(),
                                                        std::numeric_limits<int64_t>::max())
                                                .value_or(0));
  }
  if (const YamlValue* what = map.Find("on_hugetlbfs"); what != nullptr) {
    ++tests;
    condition.kind =
        ReadWord(*what, "`on_hugetlbfs`", context, kOnHugetlbfs).value_or(condition.kind);
  }
  map.Finish();
  if (tests != 1 && map.is_map()) {
    context.diagnostics.Add(value.position,
                            "a condition needs exactly one of has_bits, equals, not_equals, "
                            "signed_at_most, on_hugetlbfs");
  }
  return condition;
}

}  // namespace

std::vector<Condition> ReadConditions(const YamlValue& value, ReadContext& context) {
  std::vector<Condition> conditions;
  if (value.kind != YamlValue::Kind::kSequence) {
    ReportWrongType(value, "`when`", "a list of conditions", context);
    return conditions;
  }
  for (const YamlPtr& item : value.items) {
    conditions.push_back(ReadCondition(*item, context));
  }
  return conditions;
}

}  // namespace faultline
