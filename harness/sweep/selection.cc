#include "harness/sweep/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <limits>
#include <set>

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

// Of the caller and the few helpers that a call of one's own may be made by.
bool AnyOwnFrame(const Stack& stack, const auto& matches) {
  const auto end = stack.begin() + std::min<ptrdiff_t>(kMostHelpers + 1, std::ssize(stack));
  return std::any_of(stack.begin(), end, matches);
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
          (beside_changes && IsInFolderOfChange(stack)));
}

bool Selection::IsBesideChange(const Stack& stack) const {
  return changed != nullptr &&
         AnyOwnFrame(stack, [this](const Frame& frame) { return changed->Touches(frame.file); });
}

bool Selection::IsInFolderOfChange(const Stack& stack) const {
  return changed != nullptr && AnyOwnFrame(stack, [this](const Frame& frame) {
           return changed->Touches(frame.file) || changed->TouchesFolderOf(frame.file);
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

}  // namespace faultline
