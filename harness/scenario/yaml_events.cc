#include "harness/scenario/yaml_events.h"

#include <algorithm>
#include <new>
#include <string_view>

namespace faultline {

YamlEvents::YamlEvents(const std::string& text) : text_(text) {
  if (yaml_parser_initialize(&parser_) == 0) {
    throw std::bad_alloc();
  }
  yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
}

YamlEvents::~YamlEvents() {
  yaml_event_delete(&event_);
  yaml_parser_delete(&parser_);
}

const yaml_event_t& YamlEvents::Next() {
  yaml_event_delete(&event_);
  event_ = {};
  if (yaml_parser_parse(&parser_, &event_) == 0) {
    throw Problem();
  }
  return event_;
}

BadYaml YamlEvents::Problem() const {
  if (parser_.error == YAML_MEMORY_ERROR) {
    throw std::bad_alloc();
  }
  std::string what = parser_.problem == nullptr ? "no YAML" : parser_.problem;
  if (parser_.error != YAML_READER_ERROR) {
    return BadAt(parser_.problem_mark, std::move(what));
  }
  // The reader knows a byte's offset only.
  const std::string_view before =
      std::string_view(text_).substr(0, std::min(parser_.problem_offset, text_.size()));
  const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<size_t>(std::count(before.begin(), before.end(), '\n')),
          before.size() - line_begin, std::move(what)};
}

}  // namespace faultline
