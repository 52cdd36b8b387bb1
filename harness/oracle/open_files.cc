#include "harness/oracle/open_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "harness/oracle/blame.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

std::string KindOf(const std::string& what) {
  if (what.starts_with("anon_inode:")) {
    return what;
  }
  const size_t inode = what.find(":[");
  return inode == std::string::npos ? "file" : what.substr(0, inode);
}

// A call of an observer whose name begins so.
bool IsCallOn(const JournalRecord& record, int number, std::string_view observers,
              const Evidence& evidence) {
  return record.kind == JournalRecord::kObserved && record.index < evidence.observers.size() &&
         evidence.observers[record.index].starts_with(observers) &&
         static_cast<int>(record.key) == number;
}

constexpr std::string_view kOpeners = "fd/";

// Without directories and the kernel's " (deleted)".
std::string BaseName(std::string_view path) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) {
    path.remove_suffix(kDeleted.size());
  }
  return std::filesystem::path(path).filename().string();
}

// May the observed call have opened `what`? It says so by a path, or by the observer's name:
// "fd/eventpoll" opens "anon_inode:[eventpoll]". A copy may be of anything.
bool Opens(std::string_view observer, std::string_view label, std::string_view what) {
  const std::string_view kind = observer.substr(kOpeners.size());
  if (kind == "copy") {
    return true;
  }
  if (kind == "temporary") {
    return what.starts_with('/');
  }
  const bool by_path = kind == "open" || kind == "openat";
  return by_path ? BaseName(what).find(BaseName(label)) != std::string::npos
                 : what.find(kind) != std::string_view::npos;
}

}  // namespace

std::vector<OpenFile> OpenFilesAtExit(const Evidence& evidence) {
  std::vector<OpenFile> files;
  for (const JournalRecord& record : evidence.journal.records) {
    if (record.kind == JournalRecord::kOpenFile) {
      files.push_back({static_cast<int>(record.key), record.label, KindOf(record.label)});
    }
  }
  return files;
}

std::optional<size_t> FindOpener(const Evidence& evidence, const OpenFile& file) {
  const std::vector<JournalRecord>& records = evidence.journal.records;
  for (size_t i = records.size(); i-- > 0;) {
    if (IsCallOn(records[i], file.number, kOpeners, evidence)) {
      return Opens(evidence.observers[records[i].index], records[i].label, file.what)
                 ? std::optional(i)
                 : std::nullopt;
    }
  }
  return std::nullopt;
}

std::string OpenedBy(const Evidence& evidence, const OpenFile& file, Symbolizer& symbolizer) {
  const std::optional<size_t> opener = FindOpener(evidence, file);
  if (!opener) {
    return "";
  }
  const std::vector<std::string> functions =
      BlamedFunctions(BlamedStack(evidence.journal.records[*opener], evidence.journal, symbolizer));
  return functions.empty() ? "" : fmt::format("{} by {}", file.kind, fmt::join(functions, " < "));
}

const JournalRecord* FindCloser(const Evidence& evidence, int number) {
  const std::vector<JournalRecord>& records = evidence.journal.records;
  const auto first = std::find_if(records.begin(), records.end(), [&](const auto& record) {
    return IsCallOn(record, number, "std_fd/", evidence);
  });
  return first == records.end() ? nullptr : &*first;
}

}  // namespace faultline
