#include "harness/target/run_space.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "harness/base/failure.h"
#include "harness/target/orphans.h"

namespace faultline {
namespace {

std::string MountOptions(const HugetlbfsPlan& plan) {
  if (plan.size_mb < 2 || plan.size_mb % 2 != 0) {
    throw Failure::BadInput(
        fmt::format("a hugetlbfs of {} MiB: an even number of at least 2 is needed", plan.size_mb));
  }
  return fmt::format("pagesize=2M,size={}M,mode=0700", plan.size_mb);
}

// errno of what failed; 0 = done or not asked for.
struct Report {
  int mounts = 0;
  int hugetlbfs = 0;
  int small = 0;
  int dev_shm = 0;
  int directory = 0;
  size_t at = 0;  // which of the directories that was
};

// All that the child needs, made before fork.
struct Work {
  const char* directory = nullptr;  // of the hugetlbfs; nullptr = none
  const char* options = nullptr;
  const char* small_directory = nullptr;  // nullptr = none
  const char* small_options = nullptr;
  const char* shm_options = nullptr;  // of /dev/shm; nullptr = the machine's
  bool read_only_shm = false;
  const std::vector<OwnDirectoryMount>* directories = nullptr;
  int report_fd = -1;
  int end_fd = -1;  // end of file: the namespaces have been taken
};

int LoopbackUp() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return errno;
  }
  ifreq request = {};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const int error = ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
  close(fd);
  return error;
}

Report Make(const Work& work) {
  Report report;
  // Private first, or the mounts would appear in the harness's namespace too.
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    report.mounts = errno;
    return report;
  }
  if (work.directory != nullptr &&
      mount("hugetlbfs", work.directory, "hugetlbfs", MS_NOSUID | MS_NODEV, work.options) != 0) {
    report.hugetlbfs = errno;
  }
  if (work.small_directory != nullptr && mount("tmpfs", work.small_directory, "tmpfs",
                                               MS_NOSUID | MS_NODEV, work.small_options) != 0) {
    report.small = errno;
  }
  // Before /dev/shm, which may be in one that is replaced.
  for (; report.directory == 0 && report.at < work.directories->size(); ++report.at) {
    report.directory = MountOwnDirectory((*work.directories)[report.at]);
  }
  if (work.shm_options != nullptr &&
      mount("tmpfs", "/dev/shm", "tmpfs",
            MS_NOSUID | MS_NODEV | (work.read_only_shm ? MS_RDONLY : 0), work.shm_options) != 0) {
    report.dev_shm = errno;
  }
  return report;
}

// The calling thread enters it for the moment: a process for that would cost a copy of the
// harness's page tables. `error`: errno of what failed.
UniqueFd MakeNetwork(int& error) {
  constexpr char kOwn[] = "/proc/thread-self/ns/net";
  const UniqueFd old(open(kOwn, O_RDONLY | O_CLOEXEC));
  if (!old || unshare(CLONE_NEWNET) != 0) {
    error = errno;
    return {};
  }
  error = LoopbackUp();
  UniqueFd made(open(kOwn, O_RDONLY | O_CLOEXEC));
  error = error == 0 && !made ? errno : error;
  if (setns(old.get(), CLONE_NEWNET) != 0) {
    throw Failure::FromErrno("cannot leave the network that was made for a run", errno);
  }
  return error == 0 ? std::move(made) : UniqueFd();
}

// The child's whole life: async-signal-safe calls only, since the harness has threads.
[[noreturn]] void RunMaker(const Work& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const Report report = Make(work);
  char end = 0;
  if (write(work.report_fd, &report, sizeof(report)) == sizeof(report)) {
    while (read(work.end_fd, &end, 1) < 0 && errno == EINTR) {
    }
  }
  _exit(0);
}

std::array<UniqueFd, 2> MakeGuardianPipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Failure::FromErrno("pipe", errno);
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// A forked child that has made the namespaces and waits until it may go.
class Maker {
 public:
  explicit Maker(Work work) {
    auto [report_read, report_write] = MakeGuardianPipe();
    auto [end_read, end_write] = MakeGuardianPipe();
    work.report_fd = report_write.get();
    work.end_fd = end_read.get();
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);  // no handler of the harness runs in the child
    pid_ = fork();
    const int error = errno;
    if (pid_ == 0) {
      close(end_write.get());  // or it would never see its end
      RunMaker(work);
    }
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    if (pid_ < 0) {
      throw Failure::FromErrno("cannot fork", error);
    }
    own_child_.emplace(pid_);
    end_ = std::move(end_write);
    report_write.reset();
    ssize_t got = 0;
    do {
      got = read(report_read.get(), &report_, sizeof(report_));
    } while (got < 0 && errno == EINTR);
    if (got != sizeof(report_)) {
      report_ = {.mounts = ECHILD};
    }
  }

  ~Maker() {
    // Not by the end of its pipe: a child that another thread forked meanwhile holds that open, as
    // this one holds that of the other, and each would wait for the other for ever.
    kill(pid_, SIGKILL);
    end_.reset();
    while (waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  }
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;

  const Report& report() const { return report_; }

  UniqueFd Open(const std::string& below_proc, int flags) const {
    const std::string path = fmt::format("/proc/{}/{}", pid_, below_proc);
    UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC));
    if (!fd) {
      throw Failure::FromErrno("cannot open " + path, errno);
    }
    return fd;
  }

 private:
  pid_t pid_ = -1;
  std::optional<OwnChild> own_child_;
  UniqueFd end_;
  Report report_;
};

}  // namespace

RunSpace::RunSpace(const Plan& plan) {
  if (plan.network) {
    int error = 0;
    network_ = MakeNetwork(error);
    if (error != 0) {
      network_note_ =
          Failure::FromErrno("the run has no network of its own, it uses the machine's", error)
              .what();
    }
  }
  if (!plan.hugetlbfs && !plan.small_directory && !plan.dev_shm && plan.directories.empty()) {
    return;
  }
  std::string options;
  std::string small_options;
  std::string shm_options;
  const std::vector<OwnDirectoryMount> directories(plan.directories.begin(),
                                                   plan.directories.end());
  Work work;
  work.directories = &directories;
  if (plan.hugetlbfs) {
    options = MountOptions(*plan.hugetlbfs);
    work.directory = plan.hugetlbfs->directory.c_str();
    work.options = options.c_str();
  }
  if (plan.small_directory) {
    small_options = fmt::format("size={},mode=0700", plan.small_directory->bytes);
    work.small_directory = plan.small_directory->directory.c_str();
    work.small_options = small_options.c_str();
  }
  if (plan.dev_shm) {
    shm_options = fmt::format("size={},mode=1777", plan.dev_shm->bytes);
    work.shm_options = shm_options.c_str();
    work.read_only_shm = plan.dev_shm->read_only;
  }
  const Maker maker(work);
  const Report& report = maker.report();
  if (report.mounts != 0) {
    throw Failure::FromErrno(
        "cannot make a mount namespace, which a hugetlbfs, a /dev/shm or a directory of the "
        "run's own needs; only root can",
        report.mounts);
  }
  if (report.hugetlbfs != 0) {
    throw Failure::FromErrno(fmt::format("cannot mount a hugetlbfs ({}) on {}", options,
                                         plan.hugetlbfs->directory.string()),
                             report.hugetlbfs);
  }
  if (report.small != 0) {
    throw Failure::FromErrno(fmt::format("cannot mount a tmpfs ({}) on {}", small_options,
                                         plan.small_directory->directory.string()),
                             report.small);
  }
  if (report.dev_shm != 0) {
    throw Failure::FromErrno(
        fmt::format("cannot mount a /dev/shm of the run's own ({})", shm_options), report.dev_shm);
  }
  if (report.directory != 0) {
    throw Failure::FromErrno(
        fmt::format("cannot mount a {} of the run's own ({})", directories[report.at - 1].path,
                    directories[report.at - 1].options),
        report.directory);
  }
  mounts_ = maker.Open("ns/mnt", O_RDONLY);
  if (plan.small_directory) {
    small_directory_ = plan.small_directory->directory;
    small_ = maker.Open("root" + small_directory_.string(), O_PATH | O_DIRECTORY);
  }
  if (plan.hugetlbfs) {
    hugetlbfs_ = maker.Open("root" + plan.hugetlbfs->directory.string(), O_PATH | O_DIRECTORY);
  }
}

std::filesystem::path RunSpace::FromOutside(const std::filesystem::path& path) const {
  const auto [end, rest] =
      std::mismatch(small_directory_.begin(), small_directory_.end(), path.begin(), path.end());
  if (!small_ || end != small_directory_.end()) {
    return path;
  }
  // A descriptor's link leads into its mount, whatever namespace that is in.
  std::filesystem::path seen = fmt::format("/proc/self/fd/{}", small_.get());
  for (auto part = rest; part != path.end(); ++part) {
    seen /= *part;
  }
  return seen;
}

std::vector<std::string> RunSpace::HugepageFiles() const {
  std::vector<std::string> files;
  if (!hugetlbfs_) {
    return files;
  }
  DIR* dir = fdopendir(openat(hugetlbfs_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  while (const dirent* entry = dir != nullptr ? readdir(dir) : nullptr) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") {
      files.push_back(name);
    }
  }
  if (dir != nullptr) {
    closedir(dir);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::optional<int> RunSpace::FreeHugepagesMb() const {
  struct statfs status {};
  if (!hugetlbfs_ || fstatfs(hugetlbfs_.get(), &status) != 0) {
    return std::nullopt;
  }
  return static_cast<int>(status.f_bfree * static_cast<uint64_t>(status.f_bsize) >> 20);
}

}  // namespace faultline
