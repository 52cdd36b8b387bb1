#include "harness/oracle/open_files.h"

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

const JournalRecord* FindDescriptorCall(const Evidence& evidence, int number, bool closed) {
  const JournalRecord* found = nullptr;
  for (const JournalRecord& record : evidence.journal.records) {
    if (record.kind == JournalRecord::kObserved && record.index < evidence.observers.size() &&
        evidence.observers[record.index].starts_with(closed ? "std_fd/" : "fd/") &&
        static_cast<int>(record.key) == number) {
      found = &record;
    }
  }
  return found;
}

}  // namespace faultline
