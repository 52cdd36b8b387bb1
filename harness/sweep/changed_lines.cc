#include "harness/sweep/changed_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/base/line_pattern.h"
#include "harness/base/program_path.h"
#include "harness/run/command.h"
#include "harness/target/event_loop.h"
#include "harness/target/process.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

constexpr int kGitLimitMs = 60'000;
constexpr char kNewFile[] = "+++ b/";

// What git needs to find the user's configuration (safe.directory), and nothing that a git hook
// sets: its GIT_DIR would be another tree.
std::map<std::string, std::string> GitEnvironment() {
  std::map<std::string, std::string> environment = OwnEnvironment();
  std::erase_if(environment, [](const auto& entry) { return entry.first.starts_with("GIT_"); });
  environment["LC_ALL"] = "C";  // its messages are looked at
  return environment;
}

bool Succeeded(const CommandResult& result) {
  return result.exit.kind == ExitStatus::Kind::kExited && result.exit.code == 0;
}

CommandResult Git(const std::filesystem::path& tree, const std::vector<std::string>& arguments,
                  const std::filesystem::path& working_dir) {
  std::vector<std::string> argv = {"git", "-C", tree.string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  EventLoop loop;
  const std::map<std::string, std::string> environment = GitEnvironment();
  return RunCommand(argv, {environment, working_dir}, kGitLimitMs, loop);
}

// What git said, for the end of a message.
std::string LastWords(const CommandResult& result) {
  const size_t end = result.output.find_last_not_of('\n');
  return result.output.substr(0, end == std::string::npos ? 0 : end + 1);
}

void RequireWorkTree(const std::filesystem::path& tree, const CommandResult& asked) {
  if (asked.output.find("dubious ownership") != std::string::npos) {
    throw Failure::BadInput(fmt::format(
        "--changed-since: git does not look into {}, which belongs to another user: run faultline "
        "as that user, or allow it by `git config --global --add safe.directory {}`",
        tree.string(), tree.string()));
  }
  if (!Succeeded(asked)) {
    throw Failure::BadInput(fmt::format("--source {}: git knows no work tree there: {}",
                                        tree.string(), LastWords(asked)));
  }
}

}  // namespace

ChangedLines ChangedLines::SinceRevision(const std::filesystem::path& source,
                                         const std::string& revision) {
  if (revision.empty() || revision.front() == '-') {
    throw Failure::BadInput("--changed-since: `" + revision + "` is no revision");
  }
  if (FindInPath("git").empty()) {
    throw Failure::CannotWork("--changed-since: git is not in PATH: apt-get install git");
  }
  const std::filesystem::path tree = std::filesystem::absolute(source).lexically_normal();
  const RunDirectory directory;
  const std::filesystem::path diff = directory.path() / "diff";
  // Asked first: outside of a work tree `git diff` is another command.
  RequireWorkTree(tree, Git(tree, {"rev-parse", "--is-inside-work-tree"}, directory.path()));
  const CommandResult result =
      Git(tree,
          {"diff", "--no-color", "--no-ext-diff", "--function-context", "--unified=0",
           "--src-prefix=a/", "--dst-prefix=b/", "--output=" + diff.string(), revision, "--"},
          directory.path());
  if (!Succeeded(result)) {
    throw Failure::BadInput(fmt::format("--changed-since {}: git diff in {} ended with {}: {}",
                                        revision, source.string(), result.exit.ToString(),
                                        LastWords(result)));
  }
  return FromDiff(ReadFile(diff).value_or(""));
}

ChangedLines ChangedLines::FromDiff(const std::string& diff) {
  static const LinePattern kHunk(R"(^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@)");
  ChangedLines changed;
  std::string file;
  std::istringstream lines(diff);
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with("+++ ")) {
      file = line.starts_with(kNewFile) ? line.substr(sizeof(kNewFile) - 1) : "";
    } else if (!file.empty() && line.starts_with("@@ ")) {
      const auto match = kHunk.Match(line);
      if (!match.has_value()) {
        continue;
      }
      const int first = std::stoi((*match)[1]);
      const int count = (*match)[2].empty() ? 1 : std::stoi((*match)[2]);
      changed.ranges_[file].emplace_back(first, first + std::max(count, 1) - 1);
    }
  }
  return changed;
}

namespace {

bool EndsWithPath(const std::string& whole, const std::string& end) {
  return whole.ends_with(end) &&
         (whole.size() == end.size() || whole[whole.size() - end.size() - 1] == '/');
}

// Debug info of compilers that run in the file's directory knows its end alone.
bool IsSameFile(const std::string& one, const std::string& other) {
  return EndsWithPath(one, other) || EndsWithPath(other, one);
}

}  // namespace

bool ChangedLines::Contains(const std::string& file, int line) const {
  if (file.empty() || line <= 0) {
    return false;
  }
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& entry) {
    const auto& [path, ranges] = entry;
    return IsSameFile(file, path) &&
           std::any_of(ranges.begin(), ranges.end(), [line](const std::pair<int, int>& range) {
             return line >= range.first && line <= range.second;
           });
  });
}

bool ChangedLines::Touches(const std::string& file) const {
  return !file.empty() && std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& entry) {
    return IsSameFile(file, entry.first);
  });
}

bool ChangedLines::TouchesFolderOf(const std::string& file) const {
  const std::string folder = std::filesystem::path(file).parent_path();
  return !folder.empty() && std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& entry) {
    const std::string changed = std::filesystem::path(entry.first).parent_path();
    return !changed.empty() && EndsWithPath(folder, changed);
  });
}

}  // namespace faultline
