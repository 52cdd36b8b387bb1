#include "harness/oracle/open_files.h"

#include <algorithm>
#include <string_view>

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

const JournalRecord* FindOpener(const Evidence& evidence, int number) {
  const std::vector<JournalRecord>& records = evidence.journal.records;
  const auto last = std::find_if(records.rbegin(), records.rend(), [&](const auto& record) {
    return IsCallOn(record, number, "fd/", evidence);
  });
  return last == records.rend() ? nullptr : &*last;
}

const JournalRecord* FindCloser(const Evidence& evidence, int number) {
  const std::vector<JournalRecord>& records = evidence.journal.records;
  const auto first = std::find_if(records.begin(), records.end(), [&](const auto& record) {
    return IsCallOn(record, number, "std_fd/", evidence);
  });
  return first == records.end() ? nullptr : &*first;
}

}  // namespace faultline
