#include "harness/run/snapshot_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kcmp.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "harness/run/snapshot_anonymous.h"
#include "harness/run/snapshot_descriptor_steps.h"
#include "harness/run/snapshot_open_files.h"
#include "harness/run/snapshot_pairs.h"
#include "harness/run/snapshot_sockets.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using Argument = SnapshotSteps::Argument;

constexpr std::string_view kDeleted = " (deleted)";

// Writes the steps for one process's descriptors.
class Writer {
 public:
  Writer(const SnapshotFilesPlan& plan, SnapshotSteps& steps)
      : plan_(plan), steps_(steps), files_(*plan.open) {}

  void Write() {
    OpenWhatTheMachineHas();
    EnterOwnView();
    for (const OpenFile& file : files_) {
      WriteOne(file);
    }
    for (const OpenFile& file : files_) {
      if (file.link == "anon_inode:[eventpoll]" && !IsCopy(file)) {
        AddWatchedEvents(file, files_, steps_);
      }
    }
    if (no_pages_) {
      steps_.Add(__NR_close, {*no_pages_}, "");
    }
    steps_.Add(__NR_close, {*output_}, "");
    if (!plan_.stdio.terminal) {
      steps_.Add(__NR_close, {*input_}, "");
    }
  }

 private:
  static std::string OfHarness(int fd) { return fmt::format("/proc/{}/fd/{}", getpid(), fd); }

  // As long as the machine's /proc is seen.
  void OpenWhatTheMachineHas() {
    if (plan_.stdio.terminal) {
      // A session has one terminal.
      steps_.Add(__NR_setsid, {}, "a session of its own");
      output_ = input_ =
          descriptors_.Open(OfHarness(plan_.stdio.output), O_RDWR | O_NOCTTY, "its terminal");
      steps_.Add(__NR_ioctl, {*input_, TIOCSCTTY, 0}, "its terminal");
    } else {
      input_ = descriptors_.Open(OfHarness(plan_.stdio.input), O_RDONLY, "its standard input");
      output_ = descriptors_.Open(OfHarness(plan_.stdio.output), O_WRONLY, "its standard output");
    }
    mounts_ = descriptors_.Open(plan_.mount_namespace, O_RDONLY, "its view of files");
    if (plan_.network_fd >= 0) {
      network_ = descriptors_.Open(OfHarness(plan_.network_fd), O_RDONLY, "its network");
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
      descriptors_.Replace(file, *output_, /*keep=*/true);
    } else if (IsStdio(file, plan_.stdio.carrier_input)) {
      descriptors_.Replace(file, *input_, /*keep=*/true);
    } else if (file.link.starts_with("anon_inode:")) {
      AddAnonymous(file, plan_.run_dir, descriptors_);
    } else if (S_ISSOCK(file.status.st_mode)) {
      if (plan_.connections.contains(file.fd) || !pairs_.AddSocket(file)) {
        AddSocket(file, plan_, descriptors_);
      }
    } else if (S_ISFIFO(file.status.st_mode)) {
      pairs_.AddPipe(file);
    } else if (S_ISREG(file.status.st_mode)) {
      WriteFile(file);
    } else if (S_ISDIR(file.status.st_mode)) {
      Reopen(file, file.link);
    } else if (!IsHarmlessDevice(file)) {
      RefuseFile(file, "a device");
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
    const Argument fresh = descriptors_.Open(path, file.flags & kKept, file.Name());
    if (file.position != 0) {
      steps_.Add(__NR_lseek, {fresh, file.position, SEEK_SET}, file.Name());
    }
    descriptors_.Replace(file, fresh);
    WriteLocks(file);
  }

  bool IsDeletedHugepages(const OpenFile& file) const {
    return !plan_.huge_dir.empty() && IsBelow(file.link, plan_.huge_dir) &&
           file.link.ends_with(kDeleted);
  }

  // Its memory is what counts, see snapshot_hugepages.h. The carrier's file is to go when the
  // carrier closes it, so all of them become one that is empty.
  void ReplaceHugepages(const OpenFile& file) {
    if (!no_pages_) {
      const std::string path = plan_.huge_dir / "faultline";
      no_pages_ = descriptors_.Open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, file.Name());
      steps_.Add(__NR_unlink, {steps_.Text(path)}, file.Name());
      steps_.Add(__NR_ftruncate, {*no_pages_, file.status.st_size}, file.Name());
    }
    descriptors_.Replace(file, *no_pages_, /*keep=*/true);
  }

  void WriteFile(const OpenFile& file) {
    const bool own = IsBelow(file.link, plan_.run_dir) || file.link.starts_with("/dev/shm/");
    const std::string process = fmt::format("/proc/{}/", plan_.carrier);
    if (file.link.starts_with("/memfd:")) {
      return;  // its memory is what counts, and that is the child's own: see AddMappings
    }
    if (IsDeletedHugepages(file)) {
      ReplaceHugepages(file);
      return;
    }
    if (file.link.ends_with(kDeleted)) {
      RefuseFile(file, "a deleted file");
    }
    if (file.link.starts_with(process)) {
      Reopen(file, "/proc/self/" + file.link.substr(process.size()));
    } else if (own) {
      Reopen(file, file.link);
    } else if ((file.flags & O_ACCMODE) != O_RDONLY || file.Field("lock:")) {
      RefuseFile(file, "a file outside of the run's directory, open for writing or locked");
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
        RefuseFile(file, "a lock of the kind " + kind);
      }
    }
  }

  const SnapshotFilesPlan& plan_;
  SnapshotSteps& steps_;
  const std::vector<OpenFile>& files_;
  DescriptorSteps descriptors_{steps_};
  SnapshotPairs pairs_{files_, descriptors_};
  std::optional<Argument> input_;
  std::optional<Argument> output_;
  std::optional<Argument> mounts_;
  std::optional<Argument> network_;
  std::optional<Argument> no_pages_;  // a file without hugepages
};

}  // namespace

void AddDescriptors(const SnapshotFilesPlan& plan, SnapshotSteps& steps) {
  Writer(plan, steps).Write();
}

}  // namespace faultline
