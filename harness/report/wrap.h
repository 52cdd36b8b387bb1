#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace faultline {

// `text` in lines of at most `width` columns, broken at blanks alone: a word that is wider than a
// line has one of its own. Lines after the first of each of its lines begin with `indent` blanks
// more than that. What stands is kept: line ends, blanks at the begin of a line. Each line ends
// with a line end.
std::string Wrapped(std::string_view text, size_t width, size_t indent = 2);

}  // namespace faultline
