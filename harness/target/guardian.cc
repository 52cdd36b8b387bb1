#include "harness/target/guardian.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <map>
#include <string_view>
#include <utility>

#include "harness/base/failure.h"
#include "harness/target/hugepage_pool.h"
#include "harness/target/remove_tree.h"
#include "harness/target/run_processes.h"

namespace faultline {
namespace {

// Messages on the socket, one per packet: "+ID KIND VALUE", "-ID", "bye".
constexpr std::string_view kGoodbye = "bye";
constexpr std::string_view kRun = "run";
constexpr std::string_view kDirectory = "directory";
constexpr std::string_view kFiles = "files";
constexpr std::string_view kHugepages = "hugepages";
constexpr size_t kMaxMessageBytes = 8192;
// SIGKILL works within milliseconds, but a process in an uninterruptible wait may take longer.
constexpr int kGuardianKillLimitMs = 10'000;

struct Item {
  std::string kind;
  std::string value;
};

void RemoveFiles(const std::string& pattern) {
  glob_t found = {};
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) {
      unlink(found.gl_pathv[i]);
    }
  }
  globfree(&found);
}

void TakeOutHugepages(const std::string& count) {
  try {
    AddHugepages(-std::stoll(count));
  } catch (const Failure&) {
    // Nobody is left to be told.
  }
}

// Processes first, so that nothing makes new files or holds hugepages.
void CleanUp(const std::map<uint64_t, Item>& items) {
  for (const auto& [id, item] : items) {
    if (item.kind == kRun) {
      KillRunProcesses(item.value, Clock::now(), InMs(kGuardianKillLimitMs));
    }
  }
  for (const auto& [id, item] : items) {
    if (item.kind == kDirectory) {
      RemoveTree(item.value);
    } else if (item.kind == kFiles) {
      RemoveFiles(item.value);
    } else if (item.kind == kHugepages) {
      TakeOutHugepages(item.value);
    }
  }
}

void Apply(std::string_view message, std::map<uint64_t, Item>& items) {
  uint64_t id = 0;
  const char* end = message.data() + message.size();
  const char* after = std::from_chars(message.data() + 1, end, id).ptr;
  if (message.front() == '-') {
    items.erase(id);
    return;
  }
  const std::string_view rest = message.substr(static_cast<size_t>(after - message.data()) + 1);
  const size_t blank = rest.find(' ');
  items[id] = {std::string(rest.substr(0, blank)), std::string(rest.substr(blank + 1))};
}

// The guardian's own main.
[[noreturn]] void Guard(int socket) {
  setsid();
  // A signal meant for the harness's terminal or group must not end its guardian.
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  prctl(PR_SET_NAME, "fl-guardian");
  // It must keep nothing of the harness open: a pipe behind it would never end.
  const int null = open("/dev/null", O_RDWR);
  dup2(socket, 3);
  for (int fd = 0; fd < 3; ++fd) {
    dup2(null, fd);
  }
  close_range(4, ~0U, 0);
  if (chdir("/") != 0) {
    _exit(1);
  }
  std::map<uint64_t, Item> items;
  std::array<char, kMaxMessageBytes> buffer;
  while (true) {
    const ssize_t got = recv(3, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      CleanUp(items);
      _exit(0);
    }
    const std::string_view message(buffer.data(), static_cast<size_t>(got));
    if (message == kGoodbye) {
      _exit(0);
    }
    Apply(message, items);
  }
}

}  // namespace

Guardian::Watch::Watch(Watch&& other) noexcept : id_(std::exchange(other.id_, 0)) {}

Guardian::Watch& Guardian::Watch::operator=(Watch&& other) noexcept {
  std::swap(id_, other.id_);
  return *this;
}

Guardian::Watch::~Watch() {
  if (id_ != 0) {
    Guardian::Get().Remove(id_);
  }
}

Guardian& Guardian::Get() {
  static Guardian guardian;
  return guardian;
}

Guardian::Guardian() : owner_(getpid()) {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw Failure::FromErrno("socketpair", errno);
  }
  socket_.reset(ends[0]);
  const UniqueFd other(ends[1]);
  pid_ = fork();
  if (pid_ < 0) {
    throw Failure::FromErrno("cannot start the guardian process", errno);
  }
  if (pid_ == 0) {
    Guard(other.get());
  }
}

Guardian::~Guardian() {
  if (getpid() != owner_) {
    return;  // a forked copy of the harness: the guardian is not its own
  }
  Send(std::string(kGoodbye));
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Guardian::Watch Guardian::WatchRun(const std::string& run_id) {
  return Add(std::string(kRun), run_id);
}

Guardian::Watch Guardian::WatchDirectory(const std::filesystem::path& directory) {
  return Add(std::string(kDirectory), std::filesystem::absolute(directory));
}

Guardian::Watch Guardian::WatchFiles(const std::string& pattern) {
  return Add(std::string(kFiles), pattern);
}

Guardian::Watch Guardian::WatchHugepages(int64_t count) {
  return Add(std::string(kHugepages), std::to_string(count));
}

Guardian::Watch Guardian::Add(const std::string& kind, const std::string& value) {
  static std::atomic<uint64_t> last_id = 0;
  const uint64_t id = ++last_id;
  const std::string message = fmt::format("+{} {} {}", id, kind, value);
  if (message.size() > kMaxMessageBytes) {
    throw Failure::BadInput("too long to be cleaned up: " + value);
  }
  Send(message);
  return Watch(id);
}

void Guardian::Remove(uint64_t id) { Send(fmt::format("-{}", id)); }

void Guardian::Send(const std::string& message) {
  // Blocks while the guardian is behind. One that somebody has killed (EPIPE) cannot be helped: the
  // harness still takes its runs down itself.
  while (send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

}  // namespace faultline
