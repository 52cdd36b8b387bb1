#include "harness/scenario/yaml_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/line_pattern.h"
#include "harness/scenario/named_values.h"
#include "harness/scenario/nearest_word.h"
#include "harness/scenario/scalar.h"
#include "harness/scenario/vacuous.h"

namespace faultline {
namespace {

constexpr int kMaxDurationMs = 60 * 60 * 1000;
// libstdc++ compiles a pattern by recursion; longer ones could exhaust the stack.
constexpr size_t kMaxPatternBytes = 1000;
// More words than this are not listed in a message, the nearest one is enough.
constexpr size_t kListedWords = 12;

// A text as a run might see it, to judge what it will be.
std::string WithExampleValues(const std::string& text, const SavedNames& saved) {
  Variables values;
  for (const std::string& name : RunTimeNames()) {
    values[name] = "example";
  }
  for (const std::string& name : saved) {
    values[name] = "example";
  }
  return ExpandForRun(text, values);
}

// A check with such a pattern would hold, or fail, whatever is said.
void ReportUselessPattern(const YamlValue& value, std::string_view what, const std::string& pattern,
                          ReadContext& context) {
  if (IsInEveryLine(pattern)) {
    context.diagnostics.Add(
        value.position,
        fmt::format("{} is `{}`, which every text has; expected a pattern that one can lack", what,
                    value.text));
  } else if (WantsLineBreak(pattern)) {
    context.diagnostics.Add(
        value.position,
        fmt::format("{} ends with a line break, which no line has; expected `$` or nothing there",
                    what));
  }
}

// `text` is one reference and nothing else.
bool IsReference(const std::string& text) {
  return text.starts_with("${") && text.find('}') == text.size() - 1;
}

}  // namespace

const SavedNames& ReadContext::Saved() const {
  static const SavedNames kNone;
  return saved == nullptr ? kNone : *saved;
}

void ReportUnknownWord(const SourcePosition& position, std::string_view what, std::string_view word,
                       const std::vector<std::string>& known, ReadContext& context) {
  const std::string expected = known.empty() || known.size() > kListedWords
                                   ? std::string()
                                   : fmt::format("; expected one of {}", fmt::join(known, ", "));
  context.diagnostics.Add(
      position, fmt::format("unknown {} `{}`{}{}", what, word, expected, DidYouMean(word, known)));
}

void ReportWrongType(const YamlValue& value, std::string_view what, std::string_view expected,
                     ReadContext& context) {
  context.diagnostics.Add(value.position,
                          fmt::format("{} is {}; expected {}", what, value.Describe(), expected));
}

std::optional<std::string> ReadText(const YamlValue& value, std::string_view what,
                                    ReadContext& context, SubstituteStage stage) {
  if (value.kind != YamlValue::Kind::kScalar) {
    ReportWrongType(value, what, "a text", context);
    return std::nullopt;
  }
  bool good = true;
  std::string text = Substitute(
      value.text, context.variables, stage,
      [&](const std::string& message) {
        good = false;
        if (!context.lenient) {
          context.diagnostics.Add(value.position, message);
        }
      },
      context.Saved());
  return good ? std::optional<std::string>(std::move(text)) : std::nullopt;
}

std::vector<std::string> ReadTexts(const YamlValue& value, std::string_view what,
                                   ReadContext& context, SubstituteStage stage) {
  std::vector<std::string> texts;
  const auto add = [&](const YamlValue& item) {
    if (auto text = ReadText(item, what, context, stage); text.has_value()) {
      texts.push_back(std::move(*text));
    }
  };
  if (value.kind == YamlValue::Kind::kSequence) {
    for (const YamlPtr& item : value.items) {
      add(*item);
    }
  } else {
    add(value);
  }
  return texts;
}

std::optional<int64_t> ReadInteger(const YamlValue& value, std::string_view what,
                                   ReadContext& context, int64_t min, int64_t max) {
  const std::string expected = fmt::format("a whole number from {} to {}", min, max);
  if (value.kind != YamlValue::Kind::kScalar) {
    ReportWrongType(value, what, expected, context);
    return std::nullopt;
  }
  const std::optional<std::string> text = ReadText(value, what, context);
  if (!text.has_value()) {
    return std::nullopt;
  }
  const std::optional<int64_t> number = ParseInteger(*text);
  if (!number.has_value() || *number < min || *number > max) {
    context.diagnostics.Add(value.position,
                            fmt::format("{} is `{}`; expected {}", what, *text, expected));
    return std::nullopt;
  }
  return number;
}

std::vector<int> ReadIntegers(const YamlValue& value, std::string_view what, ReadContext& context,
                              int min, int max) {
  std::vector<int> numbers;
  const auto add = [&](const YamlValue& item) {
    if (const auto number = ReadInteger(item, what, context, min, max); number.has_value()) {
      numbers.push_back(static_cast<int>(*number));
    }
  };
  if (value.kind == YamlValue::Kind::kSequence) {
    for (const YamlPtr& item : value.items) {
      add(*item);
    }
  } else {
    add(value);
  }
  return numbers;
}

std::optional<bool> ReadBool(const YamlValue& value, std::string_view what, ReadContext& context) {
  if (value.kind != YamlValue::Kind::kScalar) {
    ReportWrongType(value, what, "true or false", context);
    return std::nullopt;
  }
  const std::optional<std::string> text = ReadText(value, what, context);
  if (!text.has_value()) {
    return std::nullopt;
  }
  const std::optional<bool> boolean = value.quoted ? std::nullopt : ParseBool(*text);
  if (!boolean.has_value()) {
    context.diagnostics.Add(value.position,
                            fmt::format("{} is `{}`; expected true or false", what, *text));
  }
  return boolean;
}

std::optional<int> ReadDurationMs(const YamlValue& value, std::string_view what,
                                  ReadContext& context) {
  constexpr std::string_view kExpected = "a duration up to one hour, as 500ms, 5s or 2m";
  if (value.kind != YamlValue::Kind::kScalar) {
    ReportWrongType(value, what, kExpected, context);
    return std::nullopt;
  }
  const std::optional<std::string> text = ReadText(value, what, context);
  if (!text.has_value()) {
    return std::nullopt;
  }
  const size_t unit_at = text->find_first_not_of("0123456789");
  const std::string unit = unit_at == std::string::npos ? "" : text->substr(unit_at);
  const int64_t scale = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  const auto number = ParseInteger(text->substr(0, unit_at));
  if (scale == 0 || !number.has_value() || *number < 1 || *number > kMaxDurationMs / scale) {
    context.diagnostics.Add(value.position,
                            fmt::format("{} is `{}`; expected {}", what, *text, kExpected));
    return std::nullopt;
  }
  return static_cast<int>(*number * scale);
}

std::optional<int> ReadSignal(const YamlValue& value, std::string_view what, ReadContext& context) {
  const std::optional<std::string> text = ReadText(value, what, context);
  if (!text.has_value()) {
    return std::nullopt;
  }
  constexpr int64_t kLastSignal = 64;
  if (const auto number = ParseInteger(*text); number.has_value()) {
    return ReadInteger(value, what, context, 1, kLastSignal).has_value()
               ? std::optional<int>(static_cast<int>(*number))
               : std::nullopt;
  }
  const std::optional<int> signal = SignalByName(*text);
  if (!signal.has_value()) {
    ReportUnknownWord(value.position, "signal", *text, SignalNames(), context);
  }
  return signal;
}

std::optional<int> ReadErrno(const YamlValue& value, std::string_view what, ReadContext& context) {
  const std::optional<std::string> text = ReadText(value, what, context);
  if (!text.has_value()) {
    return std::nullopt;
  }
  constexpr int64_t kLastErrno = 4095;  // the kernel's MAX_ERRNO
  if (const auto number = ParseInteger(*text); number.has_value()) {
    return ReadInteger(value, what, context, 1, kLastErrno).has_value()
               ? std::optional<int>(static_cast<int>(*number))
               : std::nullopt;
  }
  const std::optional<int> error = ErrnoByName(*text);
  if (!error.has_value()) {
    ReportUnknownWord(value.position, "errno", *text, ErrnoNames(), context);
  }
  return error;
}

std::optional<std::string> ReadPattern(const YamlValue& value, std::string_view what,
                                       ReadContext& context, SubstituteStage stage) {
  std::optional<std::string> text = ReadText(value, what, context, stage);
  if (!text.has_value()) {
    return std::nullopt;
  }
  if (text->size() > kMaxPatternBytes) {
    context.diagnostics.Add(value.position,
                            fmt::format("{} is a pattern of {} bytes; expected at most {}", what,
                                        text->size(), kMaxPatternBytes));
    return std::nullopt;
  }
  const std::string example =
      stage == SubstituteStage::kKeepForRun ? WithExampleValues(*text, context.Saved()) : *text;
  const std::string problem = LinePattern::ProblemOf(example);
  if (!problem.empty()) {
    context.diagnostics.Add(
        value.position,
        fmt::format("{} is `{}`; expected a regular expression (RE2): {}", what, *text, problem));
    return std::nullopt;
  }
  ReportUselessPattern(value, what, example, context);
  return text;
}

std::optional<nlohmann::json> ReadJson(const YamlValue& value, std::string_view what,
                                       ReadContext& context) {
  nlohmann::json json;
  switch (value.kind) {
    case YamlValue::Kind::kNull:
      return json;
    case YamlValue::Kind::kScalar: {
      std::optional<std::string> text =
          ReadText(value, what, context, SubstituteStage::kKeepForRun);
      if (!text.has_value()) {
        return std::nullopt;
      }
      if (!value.quoted && IsReference(*text)) {
        return kKeepsType + *text;
      }
      return value.quoted ? nlohmann::json(std::move(*text)) : TypedScalar(*text);
    }
    case YamlValue::Kind::kSequence:
      json = nlohmann::json::array();
      for (const YamlPtr& item : value.items) {
        json.push_back(ReadJson(*item, what, context).value_or(nullptr));
      }
      return json;
    case YamlValue::Kind::kMap:
      json = nlohmann::json::object();
      for (const YamlValue::Entry& entry : value.entries) {
        json[entry.key] = ReadJson(*entry.value, what, context).value_or(nullptr);
      }
      return json;
  }
  return std::nullopt;
}

}  // namespace faultline
