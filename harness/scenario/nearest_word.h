#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace faultline {

// Edits that turn `a` into `b`: insert, delete, change a character, swap two neighbours (the
// optimal string alignment distance, a restricted Damerau-Levenshtein).
size_t EditDistance(std::string_view a, std::string_view b);

// The word of `known` that the writer of `word` probably meant: at most a third of its letters off,
// or one that `word` begins or ends with or that begins or ends with it. "" when nothing is near;
// of equals the first. Words beyond 64 bytes have no neighbour.
std::string NearestWord(std::string_view word, const std::vector<std::string>& known);

// "; did you mean `...`?" for a message, or "" when nothing is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

}  // namespace faultline
