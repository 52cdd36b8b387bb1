#include "harness/run/arguments_proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "harness/base/failure.h"
#include "harness/base/line_pattern.h"
#include "harness/target/argument_guard.h"

namespace faultline {
namespace {

constexpr int kLateLineMs = 2'000;

std::vector<std::string> WordsOf(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::string> all;
  for (std::string word; words >> word;) {
    all.push_back(word);
  }
  return all;
}

}  // namespace

std::string RefuseByLog(LiveRun& run) {
  const Profile& profile = run.request().profile;
  const LinePattern pattern(
      ExpandForRun(profile.arguments_proof.log_pattern, run.sandbox().variables()));
  run.loop().RunUntil(
      [&] {
        run.log().OnReadable();
        return run.exited() || run.log().Find(pattern, 0).has_value();
      },
      InMs(kLateLineMs));
  const ArgumentRule rule{profile.arguments_proof.function, profile.required_args};
  bool any = false;
  for (const LogLine& line : run.log().Lines()) {
    const auto groups = pattern.Match(line.text);
    if (!groups) {
      continue;
    }
    any = true;
    if (const std::string refusal = RefuseArguments(WordsOf((*groups)[1]), rule);
        !refusal.empty()) {
      return fmt::format("{} does not go on: its line `{}` shows its arguments, and {}",
                         run.request().program.string(), line.text, refusal);
    }
  }
  return any ? ""
             : fmt::format(
                   "{} does not go on: {} is called, and no line of its log matches `{}`, "
                   "which was to show its arguments (is the line still in a buffer? "
                   "`terminal: true` has it written at once)",
                   run.request().program.string(), profile.arguments_proof.function,
                   profile.arguments_proof.log_pattern);
}

void CheckProven(LiveRun& run) {
  const Profile& profile = run.request().profile;
  if (profile.arguments_proof.function.empty() || run.process().proven() ||
      run.evidence().start_ms == 0) {
    return;
  }
  throw Failure::BadInput(fmt::format(
      "profile {}: nothing proves that {} has its required arguments: {} was not called",
      profile.name, run.request().program.string(), profile.arguments_proof.function));
}

}  // namespace faultline
