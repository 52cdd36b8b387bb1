#include "harness/scenario/nearest_word.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline {
namespace {

constexpr size_t kLongestWord = 64;

// A part of a name is a good guess ("create" for "dpdk/ring/create") but a letter or two is not.
constexpr size_t kShortestPart = 4;

bool IsPartOf(std::string_view part, std::string_view whole) {
  return part.size() >= kShortestPart && (whole.starts_with(part) || whole.ends_with(part));
}

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b) {
  // Three rows of the usual table: a swap looks two rows back.
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    last[j] = j;
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({change, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string NearestWord(std::string_view word, const std::vector<std::string>& known) {
  if (word.empty() || word.size() > kLongestWord) {
    return "";
  }
  const size_t limit = std::max<size_t>(1, word.size() / 3);
  std::string best;
  size_t best_distance = limit + 1;
  for (const std::string& candidate : known) {
    if (candidate.size() > kLongestWord) {
      continue;
    }
    size_t distance = EditDistance(word, candidate);
    if (distance > limit && (IsPartOf(word, candidate) || IsPartOf(candidate, word))) {
      distance = limit;
    }
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& known) {
  const std::string nearest = NearestWord(word, known);
  return nearest.empty() ? "" : fmt::format("; did you mean `{}`?", nearest);
}

}  // namespace faultline
