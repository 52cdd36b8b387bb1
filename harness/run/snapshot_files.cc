#include "harness/run/snapshot_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kcmp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "harness/run/snapshot_open_files.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using Argument = SnapshotSteps::Argument;

constexpr uint64_t kCurrentDirectory = static_cast<uint64_t>(AT_FDCWD);

[[noreturn]] void Refuse(const OpenFile& file, const std::string& why) {
  throw CannotCarry(fmt::format("{}: {}", file.Name(), why));
}

// Writes the steps for one process's descriptors.
class Writer {
 public:
  Writer(const SnapshotFilesPlan& plan, SnapshotSteps& steps)
      : plan_(plan), steps_(steps), files_(OpenFilesOf(plan.carrier)) {}

  void Write() {
    OpenWhatTheMachineHas();
    EnterOwnView();
    for (const OpenFile& file : files_) {
      WriteOne(file);
    }
    for (const OpenFile& file : files_) {
      if (file.link == "anon_inode:[eventpoll]" && !IsCopy(file)) {
        RegisterEvents(file);
      }
    }
    steps_.Add(__NR_close, {*output_}, "");
    if (!plan_.stdio.terminal) {
      steps_.Add(__NR_close, {*input_}, "");
    }
  }

 private:
  Argument Open(const std::string& path, int flags, const std::string& what) {
    return steps_.Add(__NR_openat, {kCurrentDirectory, steps_.Text(path), flags, 0}, what);
  }

  static std::string OfHarness(int fd) { return fmt::format("/proc/{}/fd/{}", getpid(), fd); }

  // As long as the machine's /proc is seen.
  void OpenWhatTheMachineHas() {
    if (plan_.stdio.terminal) {
      // A session has one terminal.
      steps_.Add(__NR_setsid, {}, "a session of its own");
      output_ = input_ = Open(OfHarness(plan_.stdio.output), O_RDWR | O_NOCTTY, "its terminal");
      steps_.Add(__NR_ioctl, {*input_, TIOCSCTTY, 0}, "its terminal");
    } else {
      input_ = Open(OfHarness(plan_.stdio.input), O_RDONLY, "its standard input");
      output_ = Open(OfHarness(plan_.stdio.output), O_WRONLY, "its standard output");
    }
    mounts_ = Open(plan_.mount_namespace, O_RDONLY, "its view of files");
    if (plan_.network_fd >= 0) {
      network_ = Open(OfHarness(plan_.network_fd), O_RDONLY, "its network");
    }
  }

  void EnterOwnView() {
    std::error_code error;
    const fs::path directory = fs::read_symlink(fmt::format("/proc/{}/cwd", plan_.carrier), error);
    steps_.Add(__NR_setns, {*mounts_, CLONE_NEWNS}, "its view of files");
    steps_.Add(__NR_chdir, {steps_.Text(directory.string())}, "its working directory");
    steps_.Add(__NR_close, {*mounts_}, "");
    if (network_) {
      steps_.Add(__NR_setns, {*network_, CLONE_NEWNET}, "its network");
      steps_.Add(__NR_close, {*network_}, "");
    }
  }

  // `fresh` takes the place of the carrier's.
  void Replace(const OpenFile& file, const Argument& fresh, bool keep = false) {
    steps_.Add(__NR_dup3, {fresh, file.fd, file.flags & O_CLOEXEC}, file.Name());
    if (!keep) {
      steps_.Add(__NR_close, {fresh}, "");
    }
  }

  void SetFlags(const OpenFile& file) {
    if ((file.flags & O_ASYNC) != 0) {
      Refuse(file, "it sends signals");
    }
    constexpr int kSettable = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;
    steps_.Add(__NR_fcntl, {file.fd, F_SETFL, file.flags & kSettable}, file.Name());
  }

  bool IsStdio(const OpenFile& file, ino_t inode) const {
    return file.status.st_ino == inode && file.status.st_dev == plan_.stdio.carrier_device &&
           !S_ISREG(file.status.st_mode);
  }

  // Do both descriptors stand for one open file? Then `file` is made from the other.
  bool IsCopyOf(const OpenFile& file, const OpenFile& other) const {
    return file.status.st_ino == other.status.st_ino && file.status.st_dev == other.status.st_dev &&
           syscall(SYS_kcmp, plan_.carrier, plan_.carrier, KCMP_FILE, file.fd, other.fd) == 0;
  }
  bool IsCopy(const OpenFile& file) const {
    return std::any_of(files_.begin(), files_.end(), [&](const OpenFile& other) {
      return other.fd < file.fd && IsCopyOf(file, other);
    });
  }

  void WriteOne(const OpenFile& file) {
    for (const OpenFile& other : files_) {
      if (other.fd < file.fd && IsCopyOf(file, other)) {
        steps_.Add(__NR_dup3, {other.fd, file.fd, file.flags & O_CLOEXEC}, file.Name());
        return;
      }
    }
    if (IsStdio(file, plan_.stdio.carrier_output)) {
      Replace(file, *output_, /*keep=*/true);
    } else if (IsStdio(file, plan_.stdio.carrier_input)) {
      Replace(file, *input_, /*keep=*/true);
    } else if (file.link.starts_with("anon_inode:")) {
      WriteAnonymous(file);
    } else if (S_ISSOCK(file.status.st_mode)) {
      WriteSocket(file);
    } else if (S_ISFIFO(file.status.st_mode)) {
      WritePipe(file);
    } else if (S_ISREG(file.status.st_mode)) {
      WriteFile(file);
    } else if (S_ISDIR(file.status.st_mode)) {
      Reopen(file, file.link);
    } else if (!IsHarmlessDevice(file)) {
      Refuse(file, "a device");
    }
  }

  static bool IsHarmlessDevice(const OpenFile& file) {
    constexpr std::string_view kHarmless[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                                              "/dev/urandom"};
    return S_ISCHR(file.status.st_mode) &&
           std::find(std::begin(kHarmless), std::end(kHarmless), file.link) != std::end(kHarmless);
  }

  void Reopen(const OpenFile& file, const std::string& path) {
    constexpr int kKept = O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECTORY | O_DIRECT | O_NOATIME |
                          O_SYNC | O_PATH | O_LARGEFILE;
    const Argument fresh = Open(path, file.flags & kKept, file.Name());
    if (file.position != 0) {
      steps_.Add(__NR_lseek, {fresh, file.position, SEEK_SET}, file.Name());
    }
    Replace(file, fresh);
    WriteLocks(file);
  }

  void WriteFile(const OpenFile& file) {
    constexpr std::string_view kDeleted = " (deleted)";
    const bool own = IsBelow(file.link, plan_.run_dir) || file.link.starts_with("/dev/shm/");
    const std::string process = fmt::format("/proc/{}/", plan_.carrier);
    if (file.link.starts_with("/memfd:")) {
      return;  // its memory is what counts, and that is the child's own: see AddMappings
    }
    if (file.link.ends_with(kDeleted)) {
      Refuse(file, "a deleted file");
    }
    if (file.link.starts_with(process)) {
      Reopen(file, "/proc/self/" + file.link.substr(process.size()));
    } else if (own) {
      Reopen(file, file.link);
    } else if ((file.flags & O_ACCMODE) != O_RDONLY || file.Field("lock:")) {
      Refuse(file, "a file outside of the run's directory, open for writing or locked");
    } else {
      Reopen(file, file.link);
    }
  }

  // "lock:\t1: FLOCK  ADVISORY  WRITE 1686 00:1b:123 0 EOF"
  void WriteLocks(const OpenFile& file) {
    std::istringstream lines(file.info);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string word, number, kind, mode, access, pid, inode, begin, end;
      if (!(words >> word >> number >> kind >> mode >> access >> pid >> inode >> begin >> end) ||
          word != "lock:") {
        continue;
      }
      const bool shared = access == "READ";
      if (kind == "FLOCK") {
        steps_.Add(__NR_flock, {file.fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB}, file.Name());
      } else if (kind == "POSIX" || kind == "OFDLCK") {
        struct flock lock = {};
        lock.l_type = static_cast<short>(shared ? F_RDLCK : F_WRLCK);
        lock.l_start = std::strtoll(begin.c_str(), nullptr, 10);
        lock.l_len = end == "EOF" ? 0 : std::strtoll(end.c_str(), nullptr, 10) - lock.l_start + 1;
        steps_.Add(
            __NR_fcntl,
            {file.fd, kind == "POSIX" ? F_SETLK : F_OFD_SETLK, steps_.Bytes(&lock, sizeof(lock))},
            file.Name());
      } else {
        Refuse(file, "a lock of the kind " + kind);
      }
    }
  }

  void WriteAnonymous(const OpenFile& file) {
    if (file.link == "anon_inode:[eventfd]") {
      const int flags = file.Number("eventfd-semaphore:") != 0 ? EFD_SEMAPHORE : 0;
      const int64_t count = file.Number("eventfd-count:", 16);
      const Argument fresh =
          steps_.Add(__NR_eventfd2, {0, flags | (file.flags & O_NONBLOCK)}, file.Name());
      if (count != 0) {
        steps_.Add(__NR_write, {fresh, steps_.Bytes(&count, sizeof(count)), sizeof(count)},
                   file.Name());
      }
      Replace(file, fresh);
    } else if (file.link == "anon_inode:[timerfd]") {
      WriteTimer(file);
    } else if (file.link == "anon_inode:[signalfd]") {
      const auto mask = static_cast<uint64_t>(file.Number("sigmask:", 16));
      Replace(file, steps_.Add(__NR_signalfd4,
                               {-1, steps_.Bytes(&mask, sizeof(mask)), sizeof(mask),
                                file.flags & O_NONBLOCK},
                               file.Name()));
    } else if (file.link == "anon_inode:[eventpoll]") {
      Replace(file, steps_.Add(__NR_epoll_create1, {0}, file.Name()));
    } else if (file.link == "anon_inode:[io_uring]") {
      Refuse(file, "what it was set up with, and what the kernel holds for it, cannot be read");
    } else {
      Refuse(file, "of a kind that cannot be made again");
    }
  }

  static timespec TimeOf(const OpenFile& file, std::string_view field) {
    timespec time = {};
    long long seconds = 0;
    long long nanoseconds = 0;
    if (std::sscanf(file.Field(field).value_or("").c_str(), " (%lld, %lld)", &seconds,
                    &nanoseconds) == 2) {
      time.tv_sec = seconds;
      time.tv_nsec = nanoseconds;
    }
    return time;
  }

  void WriteTimer(const OpenFile& file) {
    const Argument fresh = steps_.Add(
        __NR_timerfd_create, {file.Number("clockid:"), file.flags & O_NONBLOCK}, file.Name());
    itimerspec times = {TimeOf(file, "it_interval:"), TimeOf(file, "it_value:")};
    if (file.Number("ticks:") != 0) {
      times.it_value = {0, 1};  // it has expired, and nobody has read that
    }
    steps_.Add(__NR_timerfd_settime, {fresh, 0, steps_.Bytes(&times, sizeof(times)), 0},
               file.Name());
    Replace(file, fresh);
  }

  // "tfd:        4 events:       1b data:                4  pos:0 ino:1b6f45 sdev:f"
  void RegisterEvents(const OpenFile& file) {
    std::istringstream lines(file.info);
    for (std::string line; std::getline(lines, line);) {
      int target = 0;
      unsigned events = 0;
      unsigned long long data = 0;
      unsigned long inode = 0;
      if (std::sscanf(line.c_str(), "tfd: %d events: %x data: %llx pos:%*d ino:%lx", &target,
                      &events, &data, &inode) != 4) {
        continue;
      }
      const auto watched = std::find_if(files_.begin(), files_.end(), [&](const OpenFile& one) {
        return one.fd == target && one.status.st_ino == inode;
      });
      if (watched == files_.end()) {
        Refuse(file, fmt::format("it watches descriptor {}, which is closed or another's", target));
      }
      epoll_event event = {};
      event.events = events;
      event.data.u64 = data;
      steps_.Add(__NR_epoll_ctl,
                 {file.fd, EPOLL_CTL_ADD, target, steps_.Bytes(&event, sizeof(event))},
                 file.Name());
    }
  }

  // Both ends are the process's own: a new pipe takes the place of all its descriptors.
  void WritePipe(const OpenFile& file) {
    const auto made = pipes_.find(file.status.st_ino);
    if (made == pipes_.end()) {
      const auto is_end = [&](int access) {
        return std::any_of(files_.begin(), files_.end(), [&](const OpenFile& other) {
          return other.status.st_ino == file.status.st_ino &&
                 other.status.st_dev == file.status.st_dev && (other.flags & O_ACCMODE) == access;
        });
      };
      int waiting = 0;
      if (!is_end(O_RDONLY) || !is_end(O_WRONLY)) {
        Refuse(file, "a pipe to another process");
      }
      if (ioctl(BorrowDescriptor(plan_.carrier, file.fd).get(), FIONREAD, &waiting) != 0 ||
          waiting != 0) {
        Refuse(file, "something waits in the pipe");
      }
      const int ends[2] = {-1, -1};
      const Argument text = steps_.Bytes(ends, sizeof(ends));
      steps_.Add(__NR_pipe2, {text, 0}, file.Name());
      pipes_.emplace(file.status.st_ino, text);
    }
    const Argument& text = pipes_.at(file.status.st_ino);
    const bool writes = (file.flags & O_ACCMODE) == O_WRONLY;
    const Argument end = steps_.NumberAt(text, writes ? sizeof(int) : 0);
    Replace(file, end);
    SetFlags(file);
  }

  void WriteSocket(const OpenFile& file) {
    if (const auto end = plan_.connections.find(file.fd); end != plan_.connections.end()) {
      Replace(file, steps_.Add(__NR_pidfd_getfd, {plan_.harness, end->second, 0}, file.Name()));
      SetFlags(file);
      return;
    }
    const SocketFacts facts = FactsOf(plan_.carrier, file.fd);
    if (facts.connected) {
      Refuse(file, "a connection");
    }
    if (facts.waiting != 0) {
      Refuse(file, "something waits in the socket");
    }
    const bool is_datagram = facts.type == SOCK_DGRAM;
    const bool is_internet = facts.family == AF_INET || facts.family == AF_INET6;
    const bool is_unix =
        facts.family == AF_UNIX && (is_datagram || facts.listens || !facts.bound());
    // In a network of its own a listener is as new as the child.
    const bool listens = is_internet && facts.listens && plan_.network_fd >= 0;
    const bool asks_only = is_internet && is_datagram && !facts.bound();
    if (!is_unix && !asks_only && !listens) {
      Refuse(file, "a socket that cannot be made again");
    }
    const Argument fresh = steps_.Add(__NR_socket, {facts.family, facts.type, 0}, file.Name());
    if (facts.bound()) {
      Bind(file, facts, fresh);
    }
    if (facts.listens) {
      constexpr int kBacklog = 512;
      steps_.Add(__NR_listen, {fresh, kBacklog}, file.Name());
    }
    Replace(file, fresh);
    SetFlags(file);
  }

  void Bind(const OpenFile& file, const SocketFacts& facts, const Argument& fresh) {
    if (facts.family == AF_UNIX && !facts.abstract() && !IsBelow(facts.path(), plan_.run_dir)) {
      Refuse(file, "a socket bound outside of the run's directory");
    }
    if (facts.abstract() && plan_.network_fd < 0) {
      Refuse(file, "a socket bound to a name that all see");
    }
    if (facts.family != AF_UNIX) {
      const int yes = 1;
      steps_.Add(__NR_setsockopt,
                 {fresh, SOL_SOCKET, SO_REUSEADDR, steps_.Bytes(&yes, sizeof(yes)), sizeof(yes)},
                 file.Name());
    }
    steps_.Add(__NR_bind, {fresh, steps_.Bytes(&facts.name, facts.name_size), facts.name_size},
               file.Name());
  }

  const SnapshotFilesPlan& plan_;
  SnapshotSteps& steps_;
  std::vector<OpenFile> files_;
  std::optional<Argument> input_;
  std::optional<Argument> output_;
  std::optional<Argument> mounts_;
  std::optional<Argument> network_;
  std::map<ino_t, Argument> pipes_;
};

}  // namespace

void AddDescriptors(const SnapshotFilesPlan& plan, SnapshotSteps& steps) {
  Writer(plan, steps).Write();
}

}  // namespace faultline
