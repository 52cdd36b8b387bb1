#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/unique_fd.h"

namespace faultline {

// A descriptor of another process, as /proc shows it.
struct OpenFile {
  pid_t pid = 0;
  int fd = -1;
  std::string link;  // what it leads to
  struct stat status {};
  std::string info;  // its fdinfo
  int flags = 0;     // O_*
  int64_t position = 0;

  std::string Name() const;  // for messages
  // The rest of the first line of its fdinfo that begins so.
  std::optional<std::string> Field(std::string_view name) const;
  int64_t Number(std::string_view name, int base = 10) const;
};

// In the order of their numbers. CannotCarry when one cannot be looked at.
std::vector<OpenFile> OpenFilesOf(pid_t pid);

// The harness's own copy of a descriptor of another process. CannotCarry.
UniqueFd BorrowDescriptor(pid_t pid, int fd);

struct SocketFacts {
  int family = 0;
  int type = 0;
  bool listens = false;
  bool connected = false;
  int waiting = 0;          // bytes that it has not read
  sockaddr_storage name{};  // AF_UNIX, AF_INET, AF_INET6: what it is bound to
  socklen_t name_size = 0;
  std::string peer;  // the abstract name of a UNIX socket's peer; "" = none

  bool bound() const;
  bool abstract() const;
  std::string path() const;  // of a UNIX socket
};
// CannotCarry.
SocketFacts FactsOf(pid_t pid, int fd);

// Files outside the run directory that a child of who has the `files` is to have copies of.
std::set<std::filesystem::path> SharedMemoryFiles(const std::vector<OpenFile>& files);

// Paths of UNIX sockets that are bound.
std::set<std::filesystem::path> BoundSockets(const std::vector<OpenFile>& files);

bool IsBelow(const std::string& path, const std::filesystem::path& directory);

}  // namespace faultline
