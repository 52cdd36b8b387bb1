#include "harness/sweep/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "harness/base/failure.h"
#include "harness/scenario/nearest_word.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

// malloc and what does little else. Their sites are more than ten times as many as all others
// together, and most lie in libraries' constructors (dpdk-testpmd: 1,700 calls of malloc alone
// before main, 670 of asprintf and strdup): they are visited when asked for.
constexpr const char* kMallocFamily[] = {
    "libc/memory/malloc",         "libc/memory/calloc",   "libc/memory/realloc",
    "libc/memory/reallocarray",   "libc/memory/memalign", "libc/memory/aligned_alloc",
    "libc/memory/posix_memalign", "libc/memory/valloc",   "libc/memory/pvalloc",
    "libc/string/strdup",         "libc/string/strndup",  "libc/string/asprintf",
    "libc/string/vasprintf"};

bool MatchesGlob(const std::string& pattern, const std::string& text) {
  return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

bool MatchesAny(const std::vector<std::string>& patterns, const std::string& text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return MatchesGlob(pattern, text); });
}

// "lib/thread" matches "/src/spdk/lib/thread": a pattern may begin behind any slash.
bool MatchesPath(const std::vector<std::string>& patterns, const std::string& path) {
  return !path.empty() &&
         std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
           return MatchesGlob(pattern, path) || MatchesGlob("*/" + pattern, path);
         });
}

bool IsInGroup(const std::string& name, const std::string& group) {
  return name == group || name.starts_with(group + "/");
}

// "dpdk" and "dpdk/ring" for "dpdk/ring/create", each once.
std::vector<std::string> GroupsOf(const std::vector<std::string>& names) {
  std::set<std::string> groups;
  for (const std::string& name : names) {
    for (size_t slash = name.find('/'); slash != std::string::npos;
         slash = name.find('/', slash + 1)) {
      groups.insert(name.substr(0, slash));
    }
  }
  return {groups.begin(), groups.end()};
}

bool AnyFrame(const Stack& stack, const auto& matches) {
  return std::any_of(stack.begin(), stack.end(), matches);
}

// libgcov writes down what a build with --coverage counted: a failure there is none of the
// target's, and takes the counts away.
bool IsCoverageRuntime(const Frame& frame) {
  return frame.function.starts_with("__gcov_") || frame.function.starts_with("gcov_");
}

std::string DirectoryOf(const std::string& file) {
  return std::filesystem::path(file).parent_path().string();
}

}  // namespace

bool Selection::SelectsPoint(const std::string& name) const {
  if (MatchesAny(exclude, name)) {
    return false;
  }
  if (points.empty() && groups.empty()) {
    return leaves || std::find(std::begin(kMallocFamily), std::end(kMallocFamily), name) ==
                         std::end(kMallocFamily);
  }
  return MatchesAny(points, name) ||
         std::any_of(groups.begin(), groups.end(),
                     [&](const std::string& group) { return IsInGroup(name, group); });
}

bool Selection::SelectsSite(const StoredSite& site) const {
  if (!site.nested_in.empty() || !SelectsPoint(site.point)) {
    return false;
  }
  if (site.step < from_step) {
    return false;
  }
  if (!steps.empty() && std::find(steps.begin(), steps.end(), site.step) == steps.end()) {
    return false;
  }
  const Stack stack = StackFromJson(site.stack);
  if (AnyFrame(stack, IsCoverageRuntime)) {
    return false;
  }
  if (!modules.empty() && (stack.empty() || !MatchesAny(modules, stack.front().module))) {
    return false;
  }
  const auto by_function = [&](const Frame& frame) { return MatchesAny(callers, frame.function); };
  const auto by_file = [&](const Frame& frame) { return MatchesPath(files, frame.file); };
  const auto by_directory = [&](const Frame& frame) {
    return MatchesPath(subsystems, DirectoryOf(frame.file));
  };
  const auto by_change = [&](const Frame& frame) {
    return changed->Contains(frame.file, frame.line);
  };
  return (callers.empty() || AnyFrame(stack, by_function)) &&
         (files.empty() || AnyFrame(stack, by_file)) &&
         (subsystems.empty() || AnyFrame(stack, by_directory)) &&
         (changed == nullptr || AnyFrame(stack, by_change) ||
          (beside_changes && IsBesideChange(stack)));
}

bool Selection::IsBesideChange(const Stack& stack) const {
  const auto end = stack.begin() + std::min<ptrdiff_t>(kMostHelpers + 1, std::ssize(stack));
  return changed != nullptr && std::any_of(stack.begin(), end, [this](const Frame& frame) {
           return changed->Touches(frame.file);
         });
}

int Selection::Distance(const StoredSite& site) const {
  if (callers.empty() && files.empty() && subsystems.empty() && changed == nullptr) {
    return 0;
  }
  const Stack stack = StackFromJson(site.stack);
  const auto nearest = std::find_if(stack.begin(), stack.end(), [this](const Frame& frame) {
    return MatchesAny(callers, frame.function) || MatchesPath(files, frame.file) ||
           MatchesPath(subsystems, DirectoryOf(frame.file)) ||
           (changed != nullptr && changed->Contains(frame.file, frame.line));
  });
  // A call beside a change has none.
  return nearest == stack.end() ? std::numeric_limits<int>::max()
                                : static_cast<int>(nearest - stack.begin());
}

std::string Selection::Text() const {
  std::string text;
  const auto add = [&](const char* option, const auto& values) {
    for (const auto& value : values) {
      text += fmt::format("{}{} {}", text.empty() ? "" : " ", option, value);
    }
  };
  add("--points", points);
  add("--exclude", exclude);
  add("--groups", groups);
  if (leaves) {
    text += text.empty() ? "--leaves" : " --leaves";
  }
  add("--module", modules);
  add("--subsystem", subsystems);
  add("--caller", callers);
  add("--file", files);
  add("--step", steps);
  if (life != 0) {
    add("--life", std::vector<int>{life});
  }
  if (from_step > 0) {
    add("--from-step", std::vector<int>{from_step});
  }
  if (nested != Nested::kOutermost) {
    add("--nested", std::vector<std::string>{nested == Nested::kAll ? "all" : "innermost"});
  }
  if (changed != nullptr) {
    text += text.empty() ? "--changed-since" : " --changed-since";
  }
  return text;
}

std::string Selection::CensusKey() const {
  return fmt::format("points {}; exclude {}; groups {}; nested {}; life {}{}",
                     fmt::join(points, ","), fmt::join(exclude, ","), fmt::join(groups, ","),
                     static_cast<int>(nested), life, leaves ? "; leaves" : "");
}

Catalogue SelectPoints(const Catalogue& catalogue, const Selection& selection) {
  std::vector<std::string> names;
  for (const FaultPoint& point : catalogue.points) {
    names.push_back(point.name);
  }
  const auto require = [&](const std::string& option, const std::string& pattern,
                           const auto& matches, const std::vector<std::string>& known) {
    if (std::none_of(names.begin(), names.end(), matches)) {
      throw Failure::BadInput(fmt::format("{} {}: no point of the catalogue matches{}", option,
                                          pattern, DidYouMean(pattern, known)));
    }
  };
  for (const std::string& pattern : selection.points) {
    require(
        "--points", pattern, [&](const std::string& n) { return MatchesGlob(pattern, n); }, names);
  }
  for (const std::string& pattern : selection.exclude) {
    require(
        "--exclude", pattern, [&](const std::string& n) { return MatchesGlob(pattern, n); }, names);
  }
  for (const std::string& group : selection.groups) {
    require(
        "--groups", group, [&](const std::string& n) { return IsInGroup(n, group); },
        GroupsOf(names));
  }
  Catalogue selected = catalogue;
  const bool no_derived = selection.leaves && selection.points.empty() && selection.groups.empty();
  std::erase_if(selected.points, [&](const FaultPoint& point) {
    return !selection.SelectsPoint(point.name) ||
           (no_derived && point.kind == FaultPoint::Kind::kDerived);
  });
  if (selected.points.empty()) {
    throw Failure::BadInput("the options leave no fault point to visit");
  }
  return selected;
}

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
        AddEndings(DirectoryOf(frame.file), words.directories);
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
