#include "harness/sweep/selected_sites.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <utility>

#include "harness/base/failure.h"
#include "harness/scenario/nearest_word.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

// What the census saw, for the patterns about stacks.
struct SeenWords {
  std::set<std::string> modules;
  std::set<std::string> callers;
  std::set<std::string> files;
  std::set<std::string> directories;
  std::set<int> steps;
};

// "lib/thread", "thread" for "/src/spdk/lib/thread": what a user may have meant by a part of it.
void AddEndings(const std::filesystem::path& path, std::set<std::string>& endings) {
  std::filesystem::path ending;
  size_t parts = 0;
  for (auto part = path.end(); part != path.begin() && parts < 3; ++parts) {
    --part;
    ending = ending.empty() ? *part : *part / ending;
    endings.insert(ending.string());
  }
}

SeenWords WordsOf(const std::vector<StoredSite>& sites) {
  SeenWords words;
  for (const StoredSite& site : sites) {
    words.steps.insert(static_cast<int>(site.step));
    const Stack stack = StackFromJson(site.stack);
    if (!stack.empty()) {
      words.modules.insert(stack.front().module);
    }
    for (const Frame& frame : stack) {
      words.callers.insert(frame.function);
      if (!frame.file.empty()) {
        AddEndings(frame.file, words.files);
        AddEndings(std::filesystem::path(frame.file).parent_path(), words.directories);
      }
    }
  }
  return words;
}

std::string WithoutWildcards(std::string pattern) {
  std::erase_if(pattern, [](char c) { return c == '*' || c == '?'; });
  return pattern;
}

// As DidYouMean; all of them where nothing is near and they are few.
std::string Nearest(const std::string& word, const std::vector<std::string>& known) {
  constexpr size_t kFew = 8;
  const std::string nearest = DidYouMean(word, known);
  return nearest.empty() && known.size() <= kFew
             ? fmt::format("; there are {}", fmt::join(known, ", "))
             : nearest;
}

// Of `--own`, which names a module that nobody has typed.
void RequireOwn(const Selection& selection, const std::vector<StoredSite>& sites,
                const std::set<std::string>& known) {
  if (!selection.own || selection.modules.empty() || known.contains(selection.modules.back())) {
    return;
  }
  throw Failure::BadInput(fmt::format(
      "--own: none of the {} places that the scenario reaches is called by the program itself, {}; "
      "leave --own away, or say with --module whose calls are meant: {}",
      sites.size(), selection.modules.back(), fmt::join(known, ", ")));
}

// Those of `patterns` that match no site, as the option that gave them. Failure when none does.
std::vector<std::string> Unmatched(const std::string& option,
                                   const std::vector<std::string>& patterns,
                                   const std::vector<StoredSite>& sites,
                                   const std::set<std::string>& known,
                                   std::vector<std::string> Selection::*list) {
  std::vector<std::string> unmatched;
  for (const std::string& pattern : patterns) {
    Selection one;
    one.points = {"*"};
    one.*list = {pattern};
    if (std::none_of(sites.begin(), sites.end(), [&](StoredSite site) {
          site.nested_in.clear();
          return one.SelectsSite(site);
        })) {
      unmatched.push_back(fmt::format(
          "{} {}: none of the {} places that the scenario reaches matches{}", option, pattern,
          sites.size(),
          known.empty() ? "; no call stack has source files, for the program has no debug "
                          "information"
                        : Nearest(WithoutWildcards(pattern), {known.begin(), known.end()})));
    }
  }
  if (!unmatched.empty() && unmatched.size() == patterns.size()) {
    throw Failure::BadInput(fmt::format("{}", fmt::join(unmatched, "\n")));
  }
  return unmatched;
}

}  // namespace

SelectedSites RequireSites(const std::vector<StoredSite>& sites, const Selection& selection) {
  if (sites.empty()) {
    throw Failure::BadInput(
        "the scenario reaches no fault point: none of those that were asked for is called, or the "
        "program does not have them (faultline points says which ones it has)");
  }
  const SeenWords seen = WordsOf(sites);
  RequireOwn(selection, sites, seen.modules);
  SelectedSites selected;
  const auto require = [&](const char* option, std::vector<std::string> Selection::*list,
                           const std::set<std::string>& known) {
    std::vector<std::string> unmatched = Unmatched(option, selection.*list, sites, known, list);
    std::move(unmatched.begin(), unmatched.end(), std::back_inserter(selected.unmatched));
  };
  require("--module", &Selection::modules, seen.modules);
  require("--caller", &Selection::callers, seen.callers);
  require("--file", &Selection::files, seen.files);
  require("--subsystem", &Selection::subsystems, seen.directories);
  for (const int step : selection.steps) {
    if (!seen.steps.contains(step)) {
      throw Failure::BadInput(
          fmt::format("--step {}: no fault point is reached in it; steps with "
                      "some: {}",
                      step, fmt::join(seen.steps, ", ")));
    }
  }
  if (selection.changed != nullptr && seen.files.empty()) {
    throw Failure::BadInput(
        "--changed-since: no call stack has source files, for the program has no debug "
        "information");
  }
  const auto selects = [&](const StoredSite& site) { return selection.SelectsSite(site); };
  selected.any = std::any_of(sites.begin(), sites.end(), selects);
  if (selected.any || selection.changed != nullptr) {
    return selected;
  }
  throw Failure::BadInput(fmt::format(
      "the options together select none of the {} places that the scenario reaches", sites.size()));
}

}  // namespace faultline
