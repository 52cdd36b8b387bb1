#include "harness/scenario/same_bug.h"

#include <algorithm>
#include <array>
#include <utility>

namespace faultline {
namespace {

constexpr std::string_view kAt = " @ ";
constexpr std::string_view kCaller = " < ";

// Begin of what a signature says of a death, and the death: one for all words that tell it.
using Told = std::pair<std::string_view, std::string_view>;

// What sanitizers' runtimes call it (compiler-rt, sanitizer_symbolizer_report.cpp,
// asan_errors.cpp).
constexpr std::array<Told, 10> kBySanitizer = {{{"SEGV", "wild pointer"},
                                                {"BUS", "wild pointer"},
                                                {"heap-use-after-free", "wild pointer"},
                                                {"heap-buffer-overflow", "wild pointer"},
                                                {"use-after-poison", "wild pointer"},
                                                {"unknown-crash", "wild pointer"},
                                                {"attempting double-free", "double free"},
                                                {"stack-overflow", "stack overflow"},
                                                {"FPE", "arithmetic trap"},
                                                {"ILL", "illegal instruction"}}};
// What the `crash` oracle and glibc's malloc do.
constexpr std::array<Told, 7> kBySignal = {{{"SIGSEGV wild pointer", "wild pointer"},
                                            {"SIGBUS wild pointer", "wild pointer"},
                                            {"double free or corruption", "double free"},
                                            {"free(): double free detected", "double free"},
                                            {"SIGSEGV stack overflow", "stack overflow"},
                                            {"SIGFPE ", "arithmetic trap"},
                                            {"SIGILL ", "illegal instruction"}}};

std::string_view DeathIn(std::string_view words, const auto& table) {
  const auto told = std::find_if(table.begin(), table.end(),
                                 [&](const Told& one) { return words.starts_with(one.first); });
  return told == table.end() ? std::string_view() : told->second;
}

// Of a signature up to its place; "" when it tells no death that others tell in other words.
std::string_view DeathOf(std::string_view head) {
  constexpr std::string_view kCrash = "crash: ";
  constexpr std::string_view kSanitizer = "sanitizer: ";
  if (head.starts_with(kCrash)) {
    return DeathIn(head.substr(kCrash.size()), kBySignal);
  }
  const size_t tool_end = head.find("Sanitizer: ");
  if (!head.starts_with(kSanitizer) || tool_end == std::string_view::npos) {
    return "";
  }
  return DeathIn(head.substr(tool_end + std::string_view("Sanitizer: ").size()), kBySanitizer);
}

bool IsSamePlace(std::string_view seen, std::string_view known) {
  const bool has_callers = seen.find(kCaller) != std::string_view::npos;
  return seen == known || (!has_callers && known.starts_with(seen) &&
                           known.substr(seen.size()).starts_with(kCaller));
}

}  // namespace

bool MayBeSameBug(std::string_view seen, std::string_view known) {
  if (seen == known) {
    return true;
  }
  const size_t seen_head = seen.find(kAt);
  const size_t known_head = known.find(kAt);
  if (seen_head == std::string_view::npos || known_head == std::string_view::npos) {
    return false;
  }
  const std::string_view death = DeathOf(seen.substr(0, seen_head));
  const bool is_told_alike = seen.substr(0, seen_head) == known.substr(0, known_head) ||
                             (!death.empty() && death == DeathOf(known.substr(0, known_head)));
  return is_told_alike &&
         IsSamePlace(seen.substr(seen_head + kAt.size()), known.substr(known_head + kAt.size()));
}

}  // namespace faultline
