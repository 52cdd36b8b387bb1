#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/yaml_reader.h"

namespace faultline {

// Reads one map key by key, remembers which keys were asked for, and reports the rest in Finish.
class MapReader {
 public:
  // Reports a value that is not a map; all keys are then absent. `what` as above ("a step").
  MapReader(const YamlValue& value, std::string_view what, ReadContext& context);

  const SourcePosition& position() const { return value_.position; }
  const std::string& what() const { return what_; }
  ReadContext& context() const { return context_; }
  bool is_map() const { return value_.kind == YamlValue::Kind::kMap; }

  // nullptr when the key is absent.
  const YamlValue* Find(std::string_view key);
  // The same; an absent key is a mistake.
  const YamlValue* Require(std::string_view key);
  // The key's own position, for messages about it; the map's when it is absent.
  SourcePosition KeyPosition(std::string_view key) const;

  // Absent or wrong: `out` is left alone. kFinal texts.
  void Text(std::string_view key, std::string& out);
  void Texts(std::string_view key, std::vector<std::string>& out,
             SubstituteStage stage = SubstituteStage::kFinal);
  // The same, where none, or an empty one, says nothing: a mistake. `expected`: "names of faults".
  void SomeTexts(std::string_view key, std::vector<std::string>& out, std::string_view expected,
                 SubstituteStage stage = SubstituteStage::kFinal);
  void Pattern(std::string_view key, std::string& out,
               SubstituteStage stage = SubstituteStage::kFinal);
  void Bool(std::string_view key, bool& out);
  void Integer(std::string_view key, int& out, int min, int max);
  void DurationMs(std::string_view key, int& out);
  // A map of texts.
  void TextMap(std::string_view key, std::map<std::string, std::string>& out,
               SubstituteStage stage);

  // Reports every key that was never asked for, with the nearest that was.
  void Finish();

 private:
  const YamlValue& value_;
  const std::string what_;
  ReadContext& context_;
  std::vector<std::string> asked_;
};

}  // namespace faultline
