#pragma once

#include <cstddef>

namespace faultline {

// Columns for a text that goes to `fd`: $COLUMNS, else those of the terminal that it is, else 100.
// At least 40, at most 500.
size_t TextWidth(int fd);

// Columns at which sentences for `fd` are broken: those of TextWidth where somebody looks, a
// terminal or who sets $COLUMNS; else none, so that what is in a log can be searched for.
size_t ProseWidth(int fd);

// A line that was written to `fd` can be written over: it is a terminal that knows more than plain
// text ($TERM is neither "dumb" nor empty), and no CI system ($CI) keeps all of it as a log.
bool CanRewriteLines(int fd);

}  // namespace faultline
