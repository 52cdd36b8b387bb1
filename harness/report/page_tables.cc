#include "harness/report/page_tables.h"

#include <algorithm>
#include <utility>

namespace faultline {
namespace {

using nlohmann::json;

constexpr size_t kMostFramesWithSource = 3;  // of each stack

}  // namespace

json PageTables::Stack(const std::string& stack) {
  json indexes = json::array();
  const json frames = json::parse(stack, nullptr, /*allow_exceptions=*/false);
  if (!frames.is_array()) {
    return indexes;
  }
  for (const json& frame : frames) {
    if (frame.is_array() && frame.size() >= 4 && frame[0].is_string() && frame[1].is_string() &&
        frame[2].is_number_integer() && frame[3].is_string() &&
        !frame[3].get_ref<const std::string&>().starts_with("libfaultline_agent")) {
      const bool is_named = !frame[0].get_ref<const std::string&>().empty();
      const bool has_offset = !is_named && frame.size() >= 5 && frame[4].is_number_unsigned();
      indexes.push_back(
          frames_.Of({frame[0].get<std::string>(), frame[1].get<std::string>(), frame[2].get<int>(),
                      frame[3].get<std::string>(), has_offset ? frame[4].get<uint64_t>() : 0}));
    }
  }
  for (size_t i = 0; i < std::min(indexes.size(), kMostFramesWithSource); ++i) {
    shown_.insert(indexes[i].get<size_t>());
  }
  return indexes;
}

json PageTables::Frames() {
  json frames = json::array();
  for (const FrameKey& frame : frames_.values()) {
    frames.push_back({strings_.Of(frame.function), strings_.Of(frame.file), frame.line,
                      strings_.Of(frame.module)});
    if (frame.offset != 0) {
      frames.back().push_back(frame.offset);
    }
  }
  return frames;
}

json PageTables::Source() {
  json source = json::object();
  for (const size_t index : shown_) {
    const FrameKey& frame = frames_.values()[index];
    if (const auto snippet = source_.Around(frame.file, frame.line)) {
      source[std::to_string(index)] = {{"first", snippet->first}, {"lines", snippet->lines}};
    }
  }
  return source;
}

void PageTables::WriteTo(json& page) {
  page["points"] = points_.values();
  page["frames"] = Frames();
  page["source"] = Source();
  page["strings"] = strings_.values();  // last: the frames add to it
}

}  // namespace faultline
