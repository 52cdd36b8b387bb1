#include "harness/sweep/yaml_writer.h"

#include <algorithm>
#include <cstring>

#include "harness/scenario/substitute.h"

namespace faultline {
namespace {

// A reference that keeps its type stands alone in a plain scalar, which flow style has no place
// for.
bool KeepsType(const nlohmann::json& json) {
  if (json.is_string()) {
    return json.get_ref<const std::string&>().starts_with(kKeepsType);
  }
  return json.is_structured() && std::any_of(json.begin(), json.end(), KeepsType);
}

}  // namespace

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c;
    if (c == '$') {
      escaped += '$';
    }
  }
  return escaped;
}

std::string SignalText(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? std::to_string(signal) : std::string("SIG") + name;
}

YamlWriter::YamlWriter() {
  out_.SetIndent(2);
  out_.SetStringFormat(YAML::Auto);
}

void YamlWriter::QuotedPair(const std::string& key, const std::string& value) {
  out_ << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
}

void YamlWriter::Map(const char* key, const std::map<std::string, std::string>& values) {
  if (values.empty()) {
    return;
  }
  out_ << YAML::Key << key << YAML::Value << YAML::BeginMap;
  for (const auto& [name, value] : values) {
    QuotedPair(name, value);
  }
  out_ << YAML::EndMap;
}

void YamlWriter::Texts(const char* key, const std::vector<std::string>& texts) {
  if (texts.empty()) {
    return;
  }
  out_ << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
  for (const std::string& text : texts) {
    out_ << YAML::DoubleQuoted << text;
  }
  out_ << YAML::EndSeq;
}

void YamlWriter::Numbers(const char* key, const std::vector<int>& numbers) {
  out_ << YAML::Key << key << YAML::Value;
  if (numbers.size() == 1) {
    out_ << numbers.front();
    return;
  }
  out_ << YAML::Flow << YAML::BeginSeq;
  for (const int number : numbers) {
    out_ << number;
  }
  out_ << YAML::EndSeq;
}

void YamlWriter::Json(const char* key, const nlohmann::json& json) {
  out_ << YAML::Key << key << YAML::Value;
  WriteJson(json);
}

void YamlWriter::WriteJson(const nlohmann::json& json) {
  const YAML::EMITTER_MANIP style = KeepsType(json) ? YAML::Block : YAML::Flow;
  if (json.is_object()) {
    out_ << style << YAML::BeginMap;
    for (const auto& [key, value] : json.items()) {
      out_ << YAML::Key << YAML::DoubleQuoted << key << YAML::Value;
      WriteJson(value);
    }
    out_ << YAML::EndMap;
  } else if (json.is_array()) {
    out_ << style << YAML::BeginSeq;
    for (const nlohmann::json& value : json) {
      WriteJson(value);
    }
    out_ << YAML::EndSeq;
  } else if (json.is_string()) {
    const std::string& text = json.get_ref<const std::string&>();
    if (KeepsType(json)) {
      out_ << text.substr(1);
    } else {
      out_ << YAML::DoubleQuoted << text;
    }
  } else if (json.is_null()) {
    out_ << YAML::Null;  // the text `null` would be quoted
  } else {
    out_ << json.dump();
  }
}

}  // namespace faultline
