#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/symbols/symbolizer.h"

namespace faultline {

// A file descriptor that was open when the target exited.
struct OpenFile {
  int number = 0;
  std::string what;  // as /proc/PID/fd has it: a path or "socket:[4711]"; its end when it is long
  std::string kind;  // "socket", "pipe", "anon_inode:[eventpoll]", "file"
};

// Empty when the target did not exit by itself, or the agent was not there.
std::vector<OpenFile> OpenFilesAtExit(const Evidence& evidence);

// The call (index into JournalSnapshot::records) that opened `file`: the last that returned its
// number. nullopt when none was seen, and when that one opened something else: then the file was
// opened by a call that is not observed, as libc's own are. Registry "fd" of the catalogue, whose
// observers are named after what they open.
std::optional<size_t> FindOpener(const Evidence& evidence, const OpenFile& file);

// A key for the place in the code that opened `file`: equal in every run of the same program. ""
// when nothing is known of it.
std::string OpenedBy(const Evidence& evidence, const OpenFile& file, Symbolizer& symbolizer);

// The call that closed standard descriptor `number` first: what comes later may close another file
// that got its number. nullptr when none was seen. Registry "std_fd" of the catalogue.
const protocol::JournalRecord* FindCloser(const Evidence& evidence, int number);

}  // namespace faultline
