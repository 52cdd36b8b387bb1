#include "harness/run/snapshot_anonymous.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace faultline {
namespace {

namespace fs = std::filesystem;
using Argument = SnapshotSteps::Argument;

timespec TimeOf(const OpenFile& file, std::string_view field) {
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

// The kernel tells 0 of a timer that is not set, and of one whose time has come and that is not
// marked as expired yet (timerfd_show in its fs/timerfd.c): it would never expire in the child.
bool ExpiresNow(const OpenFile& file) {
  constexpr int kMostMs = 2;
  const UniqueFd timer = BorrowDescriptor(file.pid, file.fd);
  pollfd expiry = {timer.get(), POLLIN, 0};
  return poll(&expiry, 1, kMostMs) == 1;
}

void AddTimerFd(const OpenFile& file, DescriptorSteps& descriptors) {
  SnapshotSteps& steps = descriptors.steps();
  const Argument fresh = steps.Add(__NR_timerfd_create,
                                   {file.Number("clockid:"), file.flags & O_NONBLOCK}, file.Name());
  itimerspec times = {TimeOf(file, "it_interval:"), TimeOf(file, "it_value:")};
  const bool has_time_left = times.it_value.tv_sec != 0 || times.it_value.tv_nsec != 0;
  if (file.Number("ticks:") != 0 || (!has_time_left && ExpiresNow(file))) {
    times.it_value = {0, 1};  // nobody has read that it has expired
  }
  steps.Add(__NR_timerfd_settime, {fresh, 0, steps.Bytes(&times, sizeof(times)), 0}, file.Name());
  descriptors.Replace(file, fresh);
}

// What is watched has no name there, but for its inode. "" when it is not in the directory.
std::string PathOf(ino_t inode, dev_t device, const fs::path& directory) {
  const auto is_it = [&](const fs::path& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0 && status.st_ino == inode && status.st_dev == device;
  };
  if (is_it(directory)) {
    return directory;
  }
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(directory, error)) {
    if (is_it(entry.path())) {
      return entry.path();
    }
  }
  return "";
}

// "inotify wd:1 ino:1b6f45 sdev:fe00001 mask:100 ignored_mask:0 fhandle-bytes:8 ..."
void AddInotify(const OpenFile& file, const fs::path& run_dir, DescriptorSteps& descriptors) {
  // Of the bits that are told those that inotify_add_watch(2) takes; the kernel's MAJOR and MINOR
  // of what it calls `sdev`.
  constexpr unsigned kTaken = IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT;
  constexpr unsigned kMinorBits = 20;
  SnapshotSteps& steps = descriptors.steps();
  int waiting = 0;
  if (ioctl(BorrowDescriptor(file.pid, file.fd).get(), FIONREAD, &waiting) != 0 || waiting != 0) {
    RefuseFile(file, "something waits in it");
  }
  const fs::path root = fmt::format("/proc/{}/root", file.pid);
  std::map<unsigned, std::pair<std::string, unsigned>> watches;  // by number
  std::istringstream lines(file.info);
  for (std::string line; std::getline(lines, line);) {
    unsigned number = 0;
    unsigned long inode = 0;
    unsigned device = 0;
    unsigned mask = 0;
    if (std::sscanf(line.c_str(), "inotify wd:%x ino:%lx sdev:%x mask:%x", &number, &inode, &device,
                    &mask) != 4) {
      continue;
    }
    const std::string path =
        PathOf(inode, makedev(device >> kMinorBits, device & ((1U << kMinorBits) - 1)),
               root / run_dir.relative_path());
    if (path.empty()) {
      RefuseFile(file, "it watches what is not in the run's directory");
    }
    watches[number] = {"/" + fs::path(path).lexically_relative(root).string(), mask & kTaken};
  }
  const Argument fresh = steps.Add(__NR_inotify_init1, {file.flags & O_NONBLOCK}, file.Name());
  unsigned next = 1;
  for (const auto& [number, watch] : watches) {
    if (number != next++) {
      RefuseFile(file, "it has given up a watch");  // their numbers are given out once
    }
    const Argument made = steps.Add(__NR_inotify_add_watch,
                                    {fresh, steps.Text(watch.first), watch.second}, file.Name());
    steps.Add(protocol::SnapshotStep::kEqual, {made, number}, file.Name());
  }
  descriptors.Replace(file, fresh);
}

}  // namespace

void AddAnonymous(const OpenFile& file, const fs::path& run_dir, DescriptorSteps& descriptors) {
  SnapshotSteps& steps = descriptors.steps();
  if (file.link == "anon_inode:[eventfd]") {
    const int flags = file.Number("eventfd-semaphore:") != 0 ? EFD_SEMAPHORE : 0;
    const int64_t count = file.Number("eventfd-count:", 16);
    const Argument fresh =
        steps.Add(__NR_eventfd2, {0, flags | (file.flags & O_NONBLOCK)}, file.Name());
    if (count != 0) {
      steps.Add(__NR_write, {fresh, steps.Bytes(&count, sizeof(count)), sizeof(count)},
                file.Name());
    }
    descriptors.Replace(file, fresh);
  } else if (file.link == "anon_inode:[timerfd]") {
    AddTimerFd(file, descriptors);
  } else if (file.link == "anon_inode:[signalfd]") {
    const auto mask = static_cast<uint64_t>(file.Number("sigmask:", 16));
    descriptors.Replace(file, steps.Add(__NR_signalfd4,
                                        {-1, steps.Bytes(&mask, sizeof(mask)), sizeof(mask),
                                         file.flags & O_NONBLOCK},
                                        file.Name()));
  } else if (file.link == "anon_inode:[eventpoll]") {
    descriptors.Replace(file, steps.Add(__NR_epoll_create1, {0}, file.Name()));
  } else if (file.link == "anon_inode:inotify") {
    AddInotify(file, run_dir, descriptors);
  } else if (file.link == "anon_inode:[io_uring]") {
    RefuseFile(file, "what it was set up with, and what the kernel holds for it, cannot be read");
  } else {
    RefuseFile(file, "of a kind that cannot be made again");
  }
}

// "tfd:        4 events:       1b data:                4  pos:0 ino:1b6f45 sdev:f"
void AddWatchedEvents(const OpenFile& file, const std::vector<OpenFile>& all,
                      SnapshotSteps& steps) {
  std::istringstream lines(file.info);
  for (std::string line; std::getline(lines, line);) {
    int target = 0;
    unsigned events = 0;
    unsigned long long data = 0;
    unsigned long inode = 0;
    if (std::sscanf(line.c_str(), "tfd: %d events: %x data: %llx pos:%*d ino:%lx", &target, &events,
                    &data, &inode) != 4) {
      continue;
    }
    const auto watched = std::find_if(all.begin(), all.end(), [&](const OpenFile& one) {
      return one.fd == target && one.status.st_ino == inode;
    });
    if (watched == all.end()) {
      RefuseFile(file,
                 fmt::format("it watches descriptor {}, which is closed or another's", target));
    }
    epoll_event event = {};
    event.events = events;
    event.data.u64 = data;
    steps.Add(__NR_epoll_ctl, {file.fd, EPOLL_CTL_ADD, target, steps.Bytes(&event, sizeof(event))},
              file.Name());
  }
}

}  // namespace faultline
