#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"

namespace faultline {

// A file descriptor that was open when the target exited.
struct OpenFile {
  int number = 0;
  std::string what;  // as /proc/PID/fd has it: a path or "socket:[4711]"; its end when it is long
  std::string kind;  // "socket", "pipe", "anon_inode:[eventpoll]", "file"
};

// Empty when the target did not exit by itself, or the agent was not there.
std::vector<OpenFile> OpenFilesAtExit(const Evidence& evidence);

// The call that opened `number` last; nullptr when none was seen. Registry "fd" of the catalogue.
const protocol::JournalRecord* FindOpener(const Evidence& evidence, int number);

// The call that closed standard descriptor `number` first: what comes later may close another file
// that got its number. nullptr when none was seen. Registry "std_fd" of the catalogue.
const protocol::JournalRecord* FindCloser(const Evidence& evidence, int number);

}  // namespace faultline
