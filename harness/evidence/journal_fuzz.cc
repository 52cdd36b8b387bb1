// A journal that the target has written over.

#include <cstring>
#include <vector>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/base/testing/fuzz.h"
#include "harness/base/testing/temporary_directory.h"
#include "harness/evidence/journal_file.h"
#include "harness/evidence/journal_reader.h"
#include "harness/evidence/testing/mapped_journal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // As mmap gives it: aligned. Only what belongs to the input may be read.
  std::vector<uint64_t> aligned((size + 7) / 8);
  if (size != 0) {
    std::memcpy(aligned.data(), data, size);
  }
  try {
    faultline::ReadJournal(aligned.data(), size, 4);
  } catch (const faultline::Failure&) {
  }
  return 0;
}

std::vector<std::string> faultline::testkit::FuzzSeeds() {
  const TemporaryDirectory dir;
  const auto path = dir.path() / "journal";
  JournalFile file = JournalFile::Create(path, MakePlan(2, {true, false}),
                                         {.modules = 4, .stacks = 16, .sites = 16, .records = 8});
  MappedJournal journal(path);
  const std::string fresh = ReadFile(path).value_or("");
  file.SetStep(3);
  journal.AddModule("/bin/target", "target");
  journal.PutStack(1, {protocol::PackFrame(0, 16), protocol::PackFrame(0, 32)});
  journal.PutSite(1, 1, 1);
  protocol::JournalRecord record;
  record.stack = 1;
  record.site = 1;
  journal.Append(record);
  return {fresh, ReadFile(path).value_or("")};
}
