#include "harness/scenario/load_condition.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "harness/scenario/map_reader.h"

namespace faultline {
namespace {

using protocol::PlanDescriptor;
using protocol::PlanStream;

constexpr int kLastArgument = protocol::kLastArgument;
constexpr int kLastOffset = 4096;

const Words<Condition::Kind>& NumberTests() {
  static const Words<Condition::Kind> kTests = {{"has_bits", Condition::kArgHasBits},
                                                {"lacks_bits", Condition::kLacksBits},
                                                {"equals", Condition::kArgEquals},
                                                {"not_equals", Condition::kArgNotEquals},
                                                {"above", Condition::kAbove},
                                                {"below", Condition::kBelow},
                                                {"signed_at_most", Condition::kArgSignedAtMost}};
  return kTests;
}

const Words<uint64_t>& DescriptorWords() {
  static const Words<uint64_t> kWords = {{"closed", PlanDescriptor::kClosed},
                                         {"file", PlanDescriptor::kFile},
                                         {"directory", PlanDescriptor::kDirectory},
                                         {"pipe", PlanDescriptor::kPipe},
                                         {"device", PlanDescriptor::kDevice},
                                         {"tty", PlanDescriptor::kTty},
                                         {"anonymous", PlanDescriptor::kAnonymous},
                                         {"socket", PlanDescriptor::kSocket},
                                         {"stream", PlanDescriptor::kStream},
                                         {"unix", PlanDescriptor::kUnix},
                                         {"tcp", PlanDescriptor::kTcp},
                                         {"udp", PlanDescriptor::kUdp},
                                         {"disk", PlanDescriptor::kOnDisk},
                                         {"tmpfs", PlanDescriptor::kOnTmpfs},
                                         {"hugetlbfs", PlanDescriptor::kOnHugetlbfs},
                                         {"kernel", PlanDescriptor::kOnKernelFs}};
  return kWords;
}

// Reads one condition; what is wrong with it is reported at its place.
class ConditionReader {
 public:
  ConditionReader(const YamlValue& value, ReadContext& context)
      : map_(value, "a condition", context), context_(context) {}

  Condition Read() {
    if (map_.Find("caller") != nullptr) {
      ReadCaller();
    } else {
      ReadSubject();
      ReadNumberTests();
      ReadDescriptorTests();
      ReadOtherTests();
    }
    map_.Finish();
    if (tests_ != 1 && map_.is_map()) {
      context_.diagnostics.Add(map_.position(),
                               "a condition needs exactly one test: has_bits, lacks_bits, equals, "
                               "not_equals, above, below, signed_at_most, above_argument, fd, "
                               "not_fd, on_hugetlbfs, state, grows_to, new_variable, other_thread, "
                               "raises_limit_of");
    }
    return condition_;
  }

 private:
  void ReadCaller() {
    static const Words<Condition::Kind> kCallers = {{"not_root", Condition::kNotRoot}};
    condition_.kind =
        ReadWord(*map_.Find("caller"), "caller", context_, kCallers).value_or(condition_.kind);
    ++tests_;
  }

  uint32_t ArgumentNumber(const YamlValue& value, const std::string& key) {
    return static_cast<uint32_t>(
        ReadInteger(value, "`" + key + "`", context_, 0, kLastArgument).value_or(0));
  }

  // `argument`, `pointee` with its `offset`, or `stream`; and the `type` of what is there.
  void ReadSubject() {
    static const Words<uint32_t> kTypes = {{"long", 8}, {"int", 4}, {"short", 2}, {"byte", 1}};
    static const std::vector<std::pair<std::string, Condition::Source>> kSubjects = {
        {"pointee", Condition::kPointee}, {"stream", Condition::kStreamArgument}};
    const YamlValue* subject = nullptr;
    std::string name = "argument";
    for (const auto& [key, source] : kSubjects) {
      if (const YamlValue* found = map_.Find(key); found != nullptr) {
        subject = found;
        name = key;
        condition_.source = source;
      }
    }
    subject = subject == nullptr ? map_.Require("argument") : subject;
    if (subject != nullptr) {
      condition_.argument = ArgumentNumber(*subject, name);
    }
    if (const YamlValue* type = map_.Find("type"); type != nullptr) {
      condition_.width = ReadWord(*type, "type", context_, kTypes).value_or(condition_.width);
    }
    int offset = 0;
    map_.Integer("offset", offset, 0, kLastOffset);
    condition_.offset = static_cast<uint32_t>(offset);
    if (offset != 0 && condition_.source != Condition::kPointee) {
      context_.diagnostics.Add(map_.KeyPosition("offset"), "`offset` needs `pointee`");
    }
  }

  void ReadNumberTests() {
    for (const auto& [key, kind] : NumberTests()) {
      if (const YamlValue* operand = map_.Find(key); operand != nullptr) {
        Take(kind, static_cast<uint64_t>(ReadInteger(*operand, fmt::format("`{}`", key), context_,
                                                     std::numeric_limits<int64_t>::min(),
                                                     std::numeric_limits<int64_t>::max())
                                             .value_or(0)));
      }
    }
  }

  // One word or several, any of which will do.
  uint64_t DescriptorMask(const YamlValue& value, const std::string& key) {
    const bool many = value.kind == YamlValue::Kind::kSequence;
    uint64_t mask = 0;
    for (size_t i = 0; i < (many ? value.items.size() : 1); ++i) {
      mask |=
          ReadWord(many ? *value.items[i] : value, key, context_, DescriptorWords()).value_or(0);
    }
    return mask;
  }

  void ReadDescriptorTests() {
    static const Words<Condition::Kind> kOnHugetlbfs = {{"fd", Condition::kDescriptorIs},
                                                        {"path", Condition::kPathOnHugetlbfs}};
    if (const YamlValue* words = map_.Find("fd"); words != nullptr) {
      Take(Condition::kDescriptorIs, DescriptorMask(*words, "fd"));
    }
    if (const YamlValue* words = map_.Find("not_fd"); words != nullptr) {
      Take(Condition::kDescriptorIsNot, DescriptorMask(*words, "not_fd"));
    }
    if (const YamlValue* what = map_.Find("on_hugetlbfs"); what != nullptr) {
      Take(ReadWord(*what, "`on_hugetlbfs`", context_, kOnHugetlbfs).value_or(condition_.kind),
           PlanDescriptor::kOnHugetlbfs);
    }
  }

  void ReadOtherTests() {
    static const Words<uint64_t> kStates = {{"needs_input", PlanStream::kNeedsInput},
                                            {"has_output", PlanStream::kHasOutput}};
    if (const YamlValue* state = map_.Find("state"); state != nullptr) {
      Take(Condition::kStreamIs, ReadWord(*state, "state", context_, kStates).value_or(0));
    }
    for (const auto& [key, kind] : {std::pair{"above_argument", Condition::kAboveArgument},
                                    std::pair{"raises_limit_of", Condition::kRaisesLimit}}) {
      if (const YamlValue* number = map_.Find(key); number != nullptr) {
        Take(kind, ArgumentNumber(*number, key));
      }
    }
    for (const auto& [key, kind] : {std::pair{"new_variable", Condition::kNewVariable},
                                    std::pair{"other_thread", Condition::kOtherThread}}) {
      bool wanted = false;
      map_.Bool(key, wanted);
      if (wanted) {
        Take(kind, 0);
      }
    }
    if (const YamlValue* sizes = map_.Find("grows_to"); sizes != nullptr) {
      Take(Condition::kGrows, SizeArguments(*sizes));
    }
  }

  // An argument, or two whose product it is.
  uint64_t SizeArguments(const YamlValue& value) {
    if (value.kind != YamlValue::Kind::kSequence) {
      return ArgumentNumber(value, "grows_to");
    }
    if (value.items.size() != 2) {
      ReportWrongType(value, "`grows_to`", "an argument or two", context_);
      return 0;
    }
    return ArgumentNumber(*value.items[0], "grows_to") |
           (uint64_t{ArgumentNumber(*value.items[1], "grows_to")} + 1) << 8;
  }

  void Take(Condition::Kind kind, uint64_t value) {
    ++tests_;
    condition_.kind = kind;
    condition_.value = value;
  }

  MapReader map_;
  ReadContext& context_;
  Condition condition_;
  int tests_ = 0;
};

// `any`: conditions of which one is enough.
void ReadGroup(const YamlValue& any, uint32_t group, std::vector<Condition>& out,
               ReadContext& context) {
  if (any.kind != YamlValue::Kind::kSequence || any.items.empty()) {
    context.diagnostics.Add(any.position, "`any` needs a list of at least one condition");
    return;
  }
  for (const YamlPtr& item : any.items) {
    out.push_back(ConditionReader(*item, context).Read());
    out.back().group = group;
  }
}

}  // namespace

std::vector<Condition> ReadConditions(const YamlValue& value, ReadContext& context) {
  std::vector<Condition> conditions;
  if (value.kind != YamlValue::Kind::kSequence) {
    ReportWrongType(value, "`when`", "a list of conditions", context);
    return conditions;
  }
  uint32_t groups = 0;
  for (const YamlPtr& item : value.items) {
    if (item->kind == YamlValue::Kind::kMap && item->Find("any") != nullptr) {
      MapReader map(*item, "a condition", context);
      ReadGroup(*map.Find("any"), ++groups, conditions, context);
      map.Finish();
    } else {
      conditions.push_back(ConditionReader(*item, context).Read());
    }
  }
  return conditions;
}

}  // namespace faultline
