// The steps that look at what the target has done, wait, or look after companions.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "harness/base/line_pattern.h"
#include "harness/run/answer_value.h"
#include "harness/run/step_runner.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using Status = StepResult::Status;

constexpr size_t kMostNamed = 5;

std::vector<std::string> Glob(const std::string& pattern) {
  glob_t found = {};
  std::vector<std::string> files;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  return files;
}

// As the run's processes see it. A thread of its own enters their mount namespace: it must not
// share its root and working directory with others then (setns(2)).
std::vector<std::string> GlobInside(const std::string& pattern, const RunSpace& space) {
  if (space.mounts() < 0) {
    return Glob(pattern);
  }
  std::vector<std::string> files;
  std::thread([&] {
    if (unshare(CLONE_FS) == 0 && setns(space.mounts(), CLONE_NEWNS) == 0) {
      files = Glob(pattern);
    }
  }).join();
  return files;
}

// What the descriptors of a process lead to: "/dev/null", "socket:[4711]".
std::vector<std::string> OpenFiles(pid_t pid) {
  std::vector<std::string> files;
  std::error_code error;
  for (auto entry = fs::directory_iterator(fmt::format("/proc/{}/fd", pid), error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const fs::path link = fs::read_symlink(entry->path(), error);
    if (!error) {
      files.push_back(link);
    }
    error.clear();  // it was closed meanwhile
  }
  return files;
}

std::string Some(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  const size_t more = names.size() > kMostNamed ? names.size() - kMostNamed : 0;
  names.resize(names.size() - more);
  return fmt::format("{}{}", fmt::join(names, ", "),
                     more == 0 ? "" : fmt::format(", {} more", more));
}

}  // namespace

StepOutcome StepRunner::operator()(const WaitStep& step) {
  run_.loop().RunUntil([this] { return run_.exited(); }, InMs(step.duration_ms));
  return {};
}

StepOutcome StepRunner::operator()(const ExpectAbsentStep& step) {
  for (const std::string& written : step.patterns) {
    std::string pattern = Expand(written);
    if (!pattern.starts_with('/')) {
      pattern = run_.sandbox().run_dir() / pattern;
    }
    const std::vector<std::string> files = GlobInside(pattern, run_.sandbox().space());
    if (!files.empty()) {
      return {Status::kUnmet, fmt::format("expected no file {}, there is {}", written,
                                          run_.sandbox().Generalise(Some(files)))};
    }
  }
  return {};
}

StepOutcome StepRunner::operator()(const ExpectNoLogStep& step) {
  const LinePattern pattern(Expand(step.pattern));
  const auto found = [&] { return run_.log().Find(pattern, log_mark_); };
  if (step_->limit_ms) {
    run_.loop().RunUntil([&] { return run_.exited() || found(); }, InMs(*step_->limit_ms));
  }
  run_.log().OnReadable();
  const std::optional<size_t> line = found();
  if (!line) {
    return {};
  }
  const std::vector<std::string> lines = run_.log().LinesFrom(*line);
  return {Status::kUnmet, fmt::format("expected no line with `{}`; it said `{}`", step.pattern,
                                      lines.empty() ? "" : lines.front())};
}

StepOutcome StepRunner::operator()(const ExpectOpenFilesStep& step) {
  if (run_.exited()) {
    return AlreadyGone();
  }
  const LinePattern pattern(Expand(step.pattern));
  std::vector<std::string> files = OpenFiles(run_.process().pid());
  std::erase_if(files, [&](const std::string& file) { return !pattern.Matches(file); });
  const nlohmann::json count = files.size();
  const std::string failed = FirstFailed(
      count, ExpandForRun(step.count, run_.sandbox().variables(), run_.sandbox().saved()));
  if (failed.empty()) {
    return {};
  }
  return {Status::kUnmet, fmt::format("open files{}: {} ({})",
                                      step.pattern.empty() ? "" : " `" + step.pattern + "`", failed,
                                      Some(std::move(files)))};
}

// Closing may go on behind an answer: what is counted is what stays.
StepOutcome StepRunner::operator()(const ExpectFlatStep& step) {
  constexpr int64_t kSettleMs = 1'000;
  constexpr int64_t kQuietMs = 20;
  if (run_.exited()) {
    return AlreadyGone();
  }
  const Clock::time_point end = InMs(kSettleMs);
  const std::vector<FlatCount>& earlier = run_.evidence().flat_counts;
  const auto last = std::find_if(earlier.rbegin(), earlier.rend(),
                                 [&](const FlatCount& count) { return count.name == step.name; });
  FlatCount count;
  uint64_t records = 0;
  do {
    records = count.records;
    count = CountOpen(step.name);
    run_.loop().RunUntil([this] { return run_.exited(); }, InMs(kQuietMs));
  } while (!run_.exited() && Clock::now() < end &&
           (count.records != records ||
            (last != earlier.rend() && count.open_files != last->open_files)));
  run_.evidence().flat_counts.push_back(std::move(count));
  return {};
}

FlatCount StepRunner::CountOpen(const std::string& name) const {
  FlatCount count;
  count.step = index_;
  count.name = name;
  for (const std::string& file : OpenFiles(run_.process().pid())) {
    ++count.open_files[file.substr(0, file.find(":["))];
  }
  if (run_.hooking().wanted()) {
    count.records = run_.hooking().journal().RecordCount();
  }
  return count;
}

StepOutcome StepRunner::operator()(const StartCompanionStep& step) {
  for (const std::string& name : step.companions) {
    if (const std::string why = run_.companions().Start(name, run_.loop()); !why.empty()) {
      return {Status::kUnmet, fmt::format("companion {} {}", name, why)};
    }
  }
  return {};
}

StepOutcome StepRunner::operator()(const StopCompanionStep& step) {
  for (const std::string& name : step.companions) {
    if (const std::string why = run_.companions().Stop(name, run_.loop()); !why.empty()) {
      return {Status::kUnmet, fmt::format("companion {} {}", name, why)};
    }
  }
  return {};
}

}  // namespace faultline
