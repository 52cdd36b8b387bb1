#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/scenario/diagnostics.h"
#include "harness/scenario/substitute.h"
#include "harness/scenario/yaml_value.h"

// Typed reading of YAML values. Every function reports what is wrong to ReadContext::diagnostics,
// with the value's position, and then returns nothing (or leaves its output alone), so that the
// caller simply goes on. `what` names the value in messages ("`nth`").
namespace faultline {

struct ReadContext {
  Diagnostics& diagnostics;
  const Variables& variables;
  // Steps linted without the scenario that includes them: a text with variables that are not known
  // is passed over, not reported.
  bool lenient = false;
  // What steps before this place have saved; nullptr = nothing.
  const SavedNames* saved = nullptr;

  const SavedNames& Saved() const;
};

// A scalar's text with its variables replaced. Null is a mistake, "" is not.
std::optional<std::string> ReadText(const YamlValue& value, std::string_view what, ReadContext&,
                                    SubstituteStage stage = SubstituteStage::kFinal);
// One text, or a list of them.
std::vector<std::string> ReadTexts(const YamlValue& value, std::string_view what, ReadContext&,
                                   SubstituteStage stage = SubstituteStage::kFinal);
// Decimal or 0x..., within [min, max].
std::optional<int64_t> ReadInteger(const YamlValue& value, std::string_view what, ReadContext&,
                                   int64_t min, int64_t max);
// One such, or a list of them.
std::vector<int> ReadIntegers(const YamlValue& value, std::string_view what, ReadContext&, int min,
                              int max);
std::optional<bool> ReadBool(const YamlValue& value, std::string_view what, ReadContext&);
// "500ms", "5s" or "2m", from 1 ms to one hour; in milliseconds.
std::optional<int> ReadDurationMs(const YamlValue& value, std::string_view what, ReadContext&);
// "SIGTERM", "TERM" or 15.
std::optional<int> ReadSignal(const YamlValue& value, std::string_view what, ReadContext&);
// "ENOMEM" or 12.
std::optional<int> ReadErrno(const YamlValue& value, std::string_view what, ReadContext&);
// A regular expression (RE2) that compiles, at most 1,000 bytes.
std::optional<std::string> ReadPattern(const YamlValue& value, std::string_view what, ReadContext&,
                                       SubstituteStage stage = SubstituteStage::kFinal);
// Any value as JSON. Plain scalars are typed as YAML 1.2's core schema does after their variables
// are replaced, so `${count}` can be a number; quoted ones are strings.
std::optional<nlohmann::json> ReadJson(const YamlValue& value, std::string_view what, ReadContext&);
// One of `words`. (Of string_view: GCC 12 takes seconds over a table of strings, whose constructors
// it tries to run.)
template <typename Value>
using Words = std::vector<std::pair<std::string_view, Value>>;
template <typename Value>
std::optional<Value> ReadWord(const YamlValue& value, std::string_view what, ReadContext& context,
                              const Words<Value>& words);
// Tells that `word` is none of `known`: "WHAT WORD; expected one of ...; did you mean ...?".
void ReportUnknownWord(const SourcePosition& position, std::string_view what, std::string_view word,
                       const std::vector<std::string>& known, ReadContext& context);
// "`KEY` is a list; expected EXPECTED".
void ReportWrongType(const YamlValue& value, std::string_view what, std::string_view expected,
                     ReadContext& context);

template <typename Value>
std::optional<Value> ReadWord(const YamlValue& value, std::string_view what, ReadContext& context,
                              const Words<Value>& words) {
  const std::optional<std::string> text = ReadText(value, what, context);
  if (!text.has_value()) {
    return std::nullopt;
  }
  std::vector<std::string> known;
  for (const auto& [word, meaning] : words) {
    if (word == *text) {
      return meaning;
    }
    known.emplace_back(word);
  }
  ReportUnknownWord(value.position, what, *text, known, context);
  return std::nullopt;
}

}  // namespace faultline
