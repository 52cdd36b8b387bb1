#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace faultline {

// `text` with each $ doubled: loaders replace $$ in texts that no run expands; see
// harness/scenario/substitute.h.
std::string Escaped(const std::string& text);

// SIGTERM for 15; the number where the signal has no name.
std::string SignalText(int signal);

// YAML as scenario files are written, in the shapes that their keys have. Not thread safe.
//
//   YamlWriter yaml;
//   yaml.out() << YAML::BeginMap;
//   yaml.Pair("faultline", 1);
//   yaml.out() << YAML::EndMap;
//   yaml.Text();  // "faultline: 1"
class YamlWriter {
 public:
  YamlWriter();

  // What no function below writes.
  YAML::Emitter& out() { return out_; }
  std::string Text() const { return out_.c_str(); }

  template <typename Value>
  void Pair(const char* key, const Value& value) {
    out_ << YAML::Key << key << YAML::Value << value;
  }
  void QuotedPair(const std::string& key, const std::string& value);
  // Nothing where there are none.
  void Map(const char* key, const std::map<std::string, std::string>& values);
  void Texts(const char* key, const std::vector<std::string>& texts);
  // One number, or a list of any other count.
  void Numbers(const char* key, const std::vector<int>& numbers);
  // JSON is YAML: one line of it is a value.
  void Json(const char* key, const nlohmann::json& json);

 private:
  void WriteJson(const nlohmann::json& json);

  YAML::Emitter out_;
};

}  // namespace faultline
