#include "harness/scenario/map_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline {
namespace {

std::string Quoted(std::string_view key) { return fmt::format("`{}`", key); }

}  // namespace

MapReader::MapReader(const YamlValue& value, std::string_view what, ReadContext& context)
    : value_(value), what_(what), context_(context) {
  if (!is_map()) {
    ReportWrongType(value, what, "a map", context);
  }
}

const YamlValue* MapReader::Find(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) {
    asked_.emplace_back(key);
  }
  const YamlValue::Entry* entry = value_.Find(key);
  return entry == nullptr ? nullptr : entry->value.get();
}

const YamlValue* MapReader::Require(std::string_view key) {
  const YamlValue* found = Find(key);
  if (found == nullptr && is_map()) {
    context_.diagnostics.Add(value_.position, fmt::format("{} lacks `{}`", what_, key));
  }
  return found;
}

SourcePosition MapReader::KeyPosition(std::string_view key) const {
  const YamlValue::Entry* entry = value_.Find(key);
  return entry == nullptr ? value_.position : entry->key_position;
}

void MapReader::Text(std::string_view key, std::string& out) {
  if (const YamlValue* value = Find(key); value != nullptr) {
    if (auto text = ReadText(*value, Quoted(key), context_); text.has_value()) {
      out = std::move(*text);
    }
  }
}

void MapReader::Texts(std::string_view key, std::vector<std::string>& out, SubstituteStage stage) {
  if (const YamlValue* value = Find(key); value != nullptr) {
    out = ReadTexts(*value, Quoted(key), context_, stage);
  }
}

void MapReader::SomeTexts(std::string_view key, std::vector<std::string>& out,
                          std::string_view expected, SubstituteStage stage) {
  const YamlValue* value = Find(key);
  if (value == nullptr) {
    return;
  }
  const size_t mistakes = context_.diagnostics.count();
  out = ReadTexts(*value, Quoted(key), context_, stage);
  const bool lacks_text = out.empty() || std::ranges::find(out, "") != out.end();
  if (lacks_text && context_.diagnostics.count() == mistakes && !context_.lenient) {
    context_.diagnostics.Add(
        value->position,
        fmt::format("{} {}; expected {}", Quoted(key),
                    out.empty() ? "is an empty list" : "has an empty text", expected));
  }
}

void MapReader::Pattern(std::string_view key, std::string& out, SubstituteStage stage) {
  if (const YamlValue* value = Find(key); value != nullptr) {
    if (auto pattern = ReadPattern(*value, Quoted(key), context_, stage); pattern.has_value()) {
      out = std::move(*pattern);
    }
  }
}

void MapReader::Bool(std::string_view key, bool& out) {
  if (const YamlValue* value = Find(key); value != nullptr) {
    out = ReadBool(*value, Quoted(key), context_).value_or(out);
  }
}

void MapReader::Integer(std::string_view key, int& out, int min, int max) {
  if (const YamlValue* value = Find(key); value != nullptr) {
    out = static_cast<int>(ReadInteger(*value, Quoted(key), context_, min, max).value_or(out));
  }
}

void MapReader::DurationMs(std::string_view key, int& out) {
  if (const YamlValue* value = Find(key); value != nullptr) {
    out = ReadDurationMs(*value, Quoted(key), context_).value_or(out);
  }
}

void MapReader::TextMap(std::string_view key, std::map<std::string, std::string>& out,
                        SubstituteStage stage) {
  const YamlValue* value = Find(key);
  if (value == nullptr) {
    return;
  }
  if (value->kind != YamlValue::Kind::kMap) {
    ReportWrongType(*value, Quoted(key), "a map of texts", context_);
    return;
  }
  for (const YamlValue::Entry& entry : value->entries) {
    if (auto text = ReadText(*entry.value, Quoted(entry.key), context_, stage); text.has_value()) {
      out[entry.key] = std::move(*text);
    }
  }
}

void MapReader::Finish() {
  for (const YamlValue::Entry& entry : value_.entries) {
    if (std::find(asked_.begin(), asked_.end(), entry.key) == asked_.end()) {
      ReportUnknownWord(entry.key_position, "key", entry.key, asked_, context_);
    }
  }
}

}  // namespace faultline
