#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// What targets and scenarios wrote, made fit for a terminal.
namespace faultline {

// `text` with every byte that could steer a terminal, or is not valid UTF-8, written as "\xNN":
// control characters (tab becomes a blank), and the characters that turn the direction of writing.
std::string EscapeControls(std::string_view text);

// Columns that `text` takes, counting each UTF-8 code point as one.
size_t DisplayWidth(std::string_view text);

// `text` cut to `width` columns, with "..." at its end when something was cut. `width` >= 3.
std::string CutToWidth(std::string_view text, size_t width);

// The last three parts of a path: "/src/spdk/lib/thread/iobuf.c" is "lib/thread/iobuf.c".
std::string ShortPath(std::string_view path);

}  // namespace faultline
