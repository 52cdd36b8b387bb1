#include "harness/run/snapshot_open_files.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <system_error>
#include <utility>

#include "harness/run/snapshot_steps.h"
#include "harness/target/pidfd.h"
#include "harness/target/proc_status.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

int Option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : 0;
}

const char* UnixPath(const sockaddr_storage& name) {
  return reinterpret_cast<const char*>(&name) + offsetof(sockaddr_un, sun_path);
}

std::string AbstractName(const sockaddr_storage& name, socklen_t size) {
  constexpr size_t kBegin = offsetof(sockaddr_un, sun_path) + 1;
  return name.ss_family != AF_UNIX || size <= kBegin || *UnixPath(name) != '\0'
             ? ""
             : std::string(UnixPath(name) + 1, size - kBegin);
}

}  // namespace

std::string OpenFile::Name() const { return fmt::format("descriptor {} ({})", fd, link); }

std::optional<std::string> OpenFile::Field(std::string_view name) const {
  std::istringstream lines(info);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name)) {
      return line.substr(name.size());
    }
  }
  return std::nullopt;
}

int64_t OpenFile::Number(std::string_view name, int base) const {
  const auto text = Field(name);
  return text ? static_cast<int64_t>(std::strtoull(text->c_str(), nullptr, base)) : 0;
}

std::vector<OpenFile> OpenFilesOf(pid_t pid) {
  std::vector<OpenFile> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", pid), error)) {
    OpenFile file;
    file.pid = pid;
    file.fd = std::atoi(entry.path().filename().c_str());
    file.link = fs::read_symlink(entry.path(), error).string();
    if (stat(entry.path().c_str(), &file.status) != 0) {
      throw CannotCarry(file.Name() + ": it cannot be looked at");
    }
    file.info = ReadProcFile(pid, fmt::format("fdinfo/{}", file.fd).c_str());
    file.flags = static_cast<int>(file.Number("flags:", 8));
    file.position = file.Number("pos:");
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(),
            [](const OpenFile& a, const OpenFile& b) { return a.fd < b.fd; });
  return files;
}

bool IsBelow(const std::string& path, const fs::path& directory) {
  return path.starts_with(directory.string() + "/");
}

UniqueFd BorrowDescriptor(pid_t pid, int fd) {
  const UniqueFd process(pidfd_open(pid, 0));
  UniqueFd copy(pidfd_getfd(process.get(), fd, 0));
  if (!copy) {
    throw CannotCarry(
        fmt::format("its descriptor {} cannot be looked at: {}", fd, std::strerror(errno)));
  }
  return copy;
}

bool SocketFacts::bound() const {
  if (family == AF_INET || family == AF_INET6) {
    in_port_t port = 0;  // at the same place in both
    std::memcpy(&port, reinterpret_cast<const char*>(&name) + sizeof(sa_family_t), sizeof(port));
    return name_size > 0 && port != 0;
  }
  return family == AF_UNIX && name_size > sizeof(sa_family_t);
}

bool SocketFacts::abstract() const {
  return family == AF_UNIX && bound() && *UnixPath(name) == '\0';
}

std::string SocketFacts::path() const {
  return family == AF_UNIX && bound() && !abstract() ? UnixPath(name) : "";
}

SocketFacts FactsOf(pid_t pid, int fd) {
  const UniqueFd copy = BorrowDescriptor(pid, fd);
  SocketFacts facts;
  facts.family = Option(copy.get(), SO_DOMAIN);
  facts.type = Option(copy.get(), SO_TYPE);
  facts.listens = Option(copy.get(), SO_ACCEPTCONN) != 0;
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  facts.connected = getpeername(copy.get(), reinterpret_cast<sockaddr*>(&peer), &size) == 0;
  facts.peer = facts.connected ? AbstractName(peer, size) : "";
  if (!facts.listens && ioctl(copy.get(), FIONREAD, &facts.waiting) != 0) {
    facts.waiting = 0;
  }
  facts.name_size = sizeof(facts.name);
  if (getsockname(copy.get(), reinterpret_cast<sockaddr*>(&facts.name), &facts.name_size) != 0) {
    facts.name_size = 0;
  }
  return facts;
}

std::set<fs::path> SharedMemoryFiles(const std::vector<OpenFile>& files) {
  std::set<fs::path> paths;
  for (const OpenFile& file : files) {
    if (file.link.starts_with("/dev/shm/") && S_ISREG(file.status.st_mode)) {
      paths.insert(file.link);
    }
  }
  return paths;
}

std::set<fs::path> BoundSockets(const std::vector<OpenFile>& files) {
  std::set<fs::path> paths;
  for (const OpenFile& file : files) {
    if (S_ISSOCK(file.status.st_mode)) {
      if (const std::string path = FactsOf(file.pid, file.fd).path(); !path.empty()) {
        paths.insert(path);
      }
    }
  }
  return paths;
}

}  // namespace faultline
