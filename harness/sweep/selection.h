#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/scenario/model.h"
#include "harness/store/records.h"
#include "harness/sweep/changed_lines.h"
#include "harness/sweep/nesting.h"

namespace faultline {

// Functions that may lie between the selected code and a call that is called its own:
// spdk_bdev_open_ext is three calls above its calloc.
inline constexpr int kMostHelpers = 3;

// Which points are hooked and which sites are visited. Patterns are globs in which * matches
// slashes too; of several in one list one has to match, and every list that is not empty has to.
struct Selection {
  std::vector<std::string> points;   // of names; empty: see `leaves`
  std::vector<std::string> exclude;  // of names, stronger than `points`
  std::vector<std::string> groups;   // "dpdk", "libc/memory": all points below
  // Without points and groups: all that fail by the environment or by the target's own state, and
  // none that only hand on what failed below them. false: all but libc's malloc family.
  bool leaves = false;
  bool own = false;  // --own has named the last of `modules`: for messages
  // About the stack of a site:
  std::vector<std::string> modules;       // base name of the module that makes the call
  std::vector<std::string> subsystems;    // source directory of any caller, from any slash on
  std::vector<std::string> callers;       // function of any caller
  std::vector<std::string> files;         // source file of any caller, from any slash on
  std::vector<int> steps;                 // 0: before the first step
  int from_step = 0;                      // this step and the later ones
  const ChangedLines* changed = nullptr;  // any caller in a changed function; nullptr: no matter
  // With `changed`, also calls that the rest of the changed files makes itself, or by few helpers,
  // and those of the files beside them: a function that takes back what others made has no call of
  // its own that could fail.
  bool beside_changes = false;
  int life = 0;  // calls of this life of the target; 0: of the first, and those only others make
  Nested nested = Nested::kOutermost;

  bool SelectsPoint(const std::string& name) const;
  // As far as its stack and step go; a site that is part of another is never selected.
  bool SelectsSite(const StoredSite& site) const;
  // How far the call of a selected site is from the code that the selection names by function,
  // file, directory or change: the callers between them. 0 where it names none.
  int Distance(const StoredSite& site) const;
  // Whether the call is one of `beside_changes`: of a changed file, of a file in its folder.
  bool IsBesideChange(const Stack& stack) const;
  bool IsInFolderOfChange(const Stack& stack) const;
  // As options, "--groups dpdk --step 2"; "" when it selects by nothing.
  std::string Text() const;
  // Identifies what a census for this selection hooks and lists.
  std::string CensusKey() const;
};

// `catalogue` with the points that are selected alone. Failure (kBadInput) when a pattern matches
// no point at all, with the nearest name, or when nothing is left.
Catalogue SelectPoints(const Catalogue& catalogue, const Selection& selection);

}  // namespace faultline
