#include "harness/sweep/line_coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/run/command.h"
#include "harness/sweep/gcov_json.h"
#include "harness/target/event_loop.h"
#include "harness/target/process.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// A big target has a few thousand objects, 10 ms each.
constexpr int kGcovLimitMs = 600'000;
// Far below what an argument list may hold (ARG_MAX, 2 MiB).
constexpr size_t kObjectsPerCall = 500;

void MakeDirectories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    throw Failure::CannotWork("cannot make the directory " + path.string() + ": " +
                              error.message());
  }
}

// gcov looks for the notes of an object beside its counts, but with GCOV_PREFIX they lie where the
// target was built.
void LinkNotes(const fs::path& counts, const fs::path& prefix) {
  const fs::path notes = fs::path(counts).replace_extension(".gcno");
  const fs::path built = fs::path("/") / fs::relative(notes, prefix);
  std::error_code ignored;  // an earlier sweep has made it, or gcov says what is missing
  fs::create_symlink(built, notes, ignored);
}

std::vector<fs::path> FindCounts(const fs::path& prefix) {
  std::vector<fs::path> counts;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(prefix)) {
    if (entry.path().extension() == ".gcda") {
      counts.push_back(entry.path());
    }
  }
  for (const fs::path& one : counts) {
    LinkNotes(one, prefix);
  }
  std::sort(counts.begin(), counts.end());
  return counts;
}

std::string AskGcov(const std::vector<fs::path>& counts) {
  const RunDirectory directory;
  const fs::path output = directory.path() / "gcov.json";
  std::vector<std::string> argv = {"sh", "-c", R"(exec gcov --json-format --stdout "$@" > "$0")",
                                   output};
  argv.insert(argv.end(), counts.begin(), counts.end());
  EventLoop loop;
  const std::map<std::string, std::string> environment = OwnEnvironment();
  const CommandResult result =
      RunCommand(argv, {environment, directory.path()}, kGcovLimitMs, loop);
  if (result.exit.kind != ExitStatus::Kind::kExited || result.exit.code != 0) {
    throw Failure::BadInput(fmt::format("--coverage: gcov of {} and others ended with {}: {}",
                                        counts.front().string(), result.exit.ToString(),
                                        result.output));
  }
  return ReadFile(output).value_or("");
}

// What all objects together say.
class LineTable {
 public:
  void TakeAll(const fs::path& prefix, bool swept) {
    const std::vector<fs::path> counts = FindCounts(prefix);
    for (size_t begin = 0; begin < counts.size(); begin += kObjectsPerCall) {
      const size_t end = std::min(counts.size(), begin + kObjectsPerCall);
      const std::string text = AskGcov({counts.begin() + static_cast<std::ptrdiff_t>(begin),
                                        counts.begin() + static_cast<std::ptrdiff_t>(end)});
      ReadGcovJson(text, [&](const GcovLine& line) { Take(line, swept); });
    }
  }

  std::vector<StoredLine> Lines() const {
    std::vector<StoredLine> lines;
    for (const auto& [place, line] : lines_) {
      if (entered_.contains({line.file, line.function})) {
        lines.push_back(line);
      }
    }
    return lines;
  }

 private:
  void Take(const GcovLine& line, bool swept) {
    if (line.file.starts_with("/usr/")) {
      return;
    }
    StoredLine& known = lines_[{line.file, line.line}];
    known.file = line.file;
    known.line = line.line;
    known.function = line.function;
    if (line.executed) {
      entered_.emplace(line.file, line.function);
      known.reached = !swept ? StoredLine::Reached::kFaultFree
                             : std::max(known.reached, StoredLine::Reached::kSwept);
    }
  }

  std::map<std::pair<std::string, int>, StoredLine> lines_;
  std::set<std::pair<std::string, std::string>> entered_;  // file and function
};

}  // namespace

LineCoverage::LineCoverage(const fs::path& directory) : directory_(fs::absolute(directory)) {
  MakeDirectories(fault_free_prefix());
  MakeDirectories(swept_prefix());
}

void LineCoverage::RequireCounts() const {
  const auto entries = fs::recursive_directory_iterator(fault_free_prefix());
  if (std::none_of(begin(entries), end(entries), [](const fs::directory_entry& entry) {
        return entry.path().extension() == ".gcda";
      })) {
    throw Failure::BadInput(
        "--coverage: the target counted no lines: it is not built with --coverage, or it does not "
        "end by exit() when it is stopped");
  }
}

std::vector<StoredLine> LineCoverage::Read() const {
  LineTable table;
  table.TakeAll(swept_prefix(), /*swept=*/true);
  table.TakeAll(fault_free_prefix(), /*swept=*/false);
  return table.Lines();
}

std::vector<std::string> LineRanges(const std::vector<StoredLine>& lines,
                                    StoredLine::Reached reached) {
  std::vector<std::string> ranges;
  for (size_t i = 0; i < lines.size();) {
    const StoredLine& first = lines[i];
    size_t end = i + 1;
    while (end < lines.size() && lines[end].file == first.file &&
           lines[end].function == first.function && lines[end].reached == first.reached) {
      ++end;
    }
    if (first.reached == reached) {
      const int last = lines[end - 1].line;
      ranges.push_back(
          first.line == last
              ? fmt::format("{}:{} {}", first.file, first.line, first.function)
              : fmt::format("{}:{}-{} {}", first.file, first.line, last, first.function));
    }
    i = end;
  }
  return ranges;
}

}  // namespace faultline
