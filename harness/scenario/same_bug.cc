#include "harness/scenario/same_bug.h"

#include <algorithm>
#include <array>
#include <utility>

namespace faultline {
namespace {

constexpr std::string_view kAt = " @ ";
constexpr std::string_view kCaller = " < ";
constexpr std::string_view kAnyPlace = "*";

// Begin of what a signature says of a death, and the death: one for all words that tell it.
using Told = std::pair<std::string_view, std::string_view>;

// Which of these it is depends on what lies where the pointer leads to.
constexpr std::string_view kBadMemory = "bad memory";

// What sanitizers' runtimes say (compiler-rt: sanitizer_symbolizer_report.cpp, asan_errors.cpp).
constexpr std::array<Told, 17> kBySanitizer = {{{"SEGV", kBadMemory},
                                                {"BUS", kBadMemory},
                                                {"heap-use-after-free", kBadMemory},
                                                {"heap-buffer-overflow", kBadMemory},
                                                {"stack-buffer-", kBadMemory},
                                                {"dynamic-stack-buffer-", kBadMemory},
                                                {"global-buffer-overflow", kBadMemory},
                                                {"stack-use-after-", kBadMemory},
                                                {"use-after-poison", kBadMemory},
                                                {"container-overflow", kBadMemory},
                                                {"unknown-crash", kBadMemory},
                                                {"negative-size-param", kBadMemory},
                                                {"attempting double-free", kBadMemory},
                                                {"attempting free", kBadMemory},
                                                {"stack-overflow", "stack overflow"},
                                                {"FPE", "arithmetic trap"},
                                                {"ILL", "illegal instruction"}}};
// What the `crash` oracle and glibc's malloc say.
constexpr std::array<Told, 13> kBySignal = {{{"SIGSEGV wild ", kBadMemory},
                                             {"SIGSEGV null ", kBadMemory},
                                             {"SIGBUS wild ", kBadMemory},
                                             {"double free or corruption", kBadMemory},
                                             {"free(): ", kBadMemory},
                                             {"malloc(): ", kBadMemory},
                                             {"realloc(): ", kBadMemory},
                                             {"munmap_chunk(): ", kBadMemory},
                                             {"malloc_consolidate(): ", kBadMemory},
                                             {"corrupted ", kBadMemory},
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

// A signature's two halves; no place when it names none.
struct Halves {
  std::string_view head;
  std::string_view place;
};

Halves Split(std::string_view signature) {
  const size_t at = signature.find(kAt);
  return at == std::string_view::npos
             ? Halves{signature, ""}
             : Halves{signature.substr(0, at), signature.substr(at + kAt.size())};
}

bool IsSamePlace(std::string_view seen, std::string_view known) {
  if (known == kAnyPlace) {
    return true;
  }
  const bool has_callers = seen.find(kCaller) != std::string_view::npos;
  return !seen.empty() && (seen == known || (!has_callers && known.starts_with(seen) &&
                                             known.substr(seen.size()).starts_with(kCaller)));
}

}  // namespace

bool NamesAnyPlace(std::string_view signature) { return Split(signature).place == kAnyPlace; }

bool MisusesAnyPlace(std::string_view signature) {
  constexpr std::string_view kOperator = "operator";
  const std::string_view place = Split(signature).place;
  const size_t at = place.find(kAnyPlace);
  return at != std::string_view::npos && place != kAnyPlace &&
         !place.substr(0, at).ends_with(kOperator);
}

bool MayBeSameBug(std::string_view seen, std::string_view known) {
  if (seen == known) {
    return true;
  }
  const Halves one = Split(seen);
  const Halves other = Split(known);
  const std::string_view death = DeathOf(one.head);
  const bool is_told_alike =
      one.head == other.head || (!death.empty() && death == DeathOf(other.head));
  return is_told_alike && IsSamePlace(one.place, other.place);
}

}  // namespace faultline
