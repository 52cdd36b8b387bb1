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

// The record of the call that opened `number` last, or closed it when `closed`; nullptr when none
// was seen. Registries "fd" and "std_fd" of the catalogue.
const protocol::JournalRecord* FindDescriptorCall(const Evidence& evidence, int number,
                                                  bool closed);

}  // namespace faultline
