#pragma once

#include <yaml.h>

#include <cstddef>
#include <string>
#include <utility>

namespace faultline {

// A document that is no YAML, or none of ours. Line and column count from 0, as libyaml's marks do.
struct BadYaml {
  size_t line = 0;
  size_t column = 0;
  std::string what;
};

inline BadYaml BadAt(const yaml_mark_t& mark, std::string what) {
  return {mark.line, mark.column, std::move(what)};
}

// The events of a text, one after the other (yaml.h of libyaml, yaml_parser_parse).
class YamlEvents {
 public:
  // `text` is borrowed.
  explicit YamlEvents(const std::string& text);
  ~YamlEvents();
  YamlEvents(const YamlEvents&) = delete;
  YamlEvents& operator=(const YamlEvents&) = delete;

  // The next event, which lives until the next call. Throws BadYaml.
  const yaml_event_t& Next();

 private:
  BadYaml Problem() const;

  const std::string& text_;
  yaml_parser_t parser_ = {};
  yaml_event_t event_ = {};
};

}  // namespace faultline
