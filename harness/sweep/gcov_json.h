#pragma once

#include <functional>
#include <string>

namespace faultline {

// An executable line as gcov tells it.
struct GcovLine {
  std::string file;  // absolute, or as the compiler was told where its directory is not known
  std::string function;
  int line = 0;  // 1-based
  bool executed = false;
};

// Reads what `gcov --json-format --stdout` prints: a JSON document a line, format 1 (GCC 9 and
// later). Failure (kBadInput) for anything else. Tells each line to `take`; one of a template or an
// inline function comes as often as it was compiled.
void ReadGcovJson(const std::string& text, const std::function<void(const GcovLine& line)>& take);

}  // namespace faultline
