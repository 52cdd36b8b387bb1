#include "harness/run/testing/victim_possessions.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "harness/run/testing/victim_check.h"

namespace victim {
namespace {

bool has_timers = false;
timer_t gone;
timer_t ticking;
timer_t at_rest;

void MakeTimers() {
  has_timers = true;
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  sigevent how = {};
  how.sigev_notify = SIGEV_NONE;
  CHECK(timer_create(CLOCK_MONOTONIC, &how, &gone) == 0);
  CHECK(timer_create(CLOCK_MONOTONIC, &how, &ticking) == 0 && timer_delete(gone) == 0);
  const itimerspec every = {{7, 0}, {1000, 0}};
  CHECK(timer_settime(ticking, 0, &every, nullptr) == 0);
  how.sigev_notify = SIGEV_SIGNAL;
  how.sigev_signo = SIGUSR2;
  how.sigev_value.sival_int = 42;
  CHECK(timer_create(CLOCK_REALTIME, &how, &at_rest) == 0);
}

void CheckTimers() {
  itimerspec left = {};
  CHECK(timer_gettime(ticking, &left) == 0 && left.it_interval.tv_sec == 7);
  CHECK(left.it_value.tv_sec > 100 && left.it_value.tv_sec <= 1000);
  CHECK(timer_gettime(gone, &left) != 0);
  CHECK(timer_gettime(at_rest, &left) == 0 && left.it_value.tv_sec == 0);
  const itimerspec soon = {{0, 0}, {0, 1'000'000}};
  CHECK(timer_settime(at_rest, 0, &soon, nullptr) == 0);
  sigset_t expected;
  sigemptyset(&expected);
  sigaddset(&expected, SIGUSR2);
  siginfo_t info = {};
  const timespec limit = {20, 0};
  CHECK(sigtimedwait(&expected, &info, &limit) == SIGUSR2 && info.si_value.sival_int == 42);
}

int pair_ends[2] = {-1, -1};
int notices = -1;
uint64_t* trace = nullptr;

// What was sent and noticed is the process's own alone.
void CheckOwnWays() {
  char byte = 0;
  if (pair_ends[0] >= 0) {
    CHECK(write(pair_ends[0], "1", 1) == 1 && read(pair_ends[1], &byte, 1) == 1 && byte == '1');
    CHECK(write(pair_ends[1], "2", 1) == 1 && read(pair_ends[0], &byte, 1) == 1 && byte == '2');
    CHECK(read(pair_ends[0], &byte, 1) < 0 && errno == EAGAIN);
  }
  if (notices >= 0) {
    close(open("noticed", O_CREAT | O_WRONLY, 0600));
    alignas(inotify_event) char events[4096];
    const ssize_t got = read(notices, events, sizeof(events));
    const auto* event = reinterpret_cast<const inotify_event*>(events);
    CHECK(got >= static_cast<ssize_t>(sizeof(*event)) && event->wd == 2);
    CHECK(got > 0 && std::strcmp(event->name, "noticed") == 0);
    CHECK(read(notices, events, sizeof(events)) < 0 && errno == EAGAIN);
    unlink("noticed");
  }
}

void OpenIoUring() {
  char parameters[120] = {};
  CHECK(syscall(SYS_io_uring_setup, 2, parameters) >= 0);
}

void LeaveChild() {
  if (fork() == 0) {
    pause();
  }
}

void Connect() {
  // With a name at one end, so that it is no pair.
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  socklen_t size = sizeof(sa_family_t);
  CHECK(bind(server, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(server, 4) == 0);
  size = sizeof(address);
  CHECK(getsockname(server, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const int client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(connect(client, reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(accept(server, nullptr, nullptr) >= 0);
}

void MakePair() { CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair_ends) == 0); }

// Something is on its way.
void SendLetter() {
  int ends[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && write(ends[0], "x", 1) == 1);
}

// An event that nobody has read.
void LeaveNotice() {
  const int notice = inotify_init1(IN_CLOEXEC);
  CHECK(inotify_add_watch(notice, ".", IN_CREATE) == 1);
  close(open("unread", O_CREAT | O_WRONLY, 0600));
  unlink("unread");
}

void WatchDirectory() {
  notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  CHECK(inotify_add_watch(notices, "data", IN_ATTRIB) == 1);
  CHECK(inotify_add_watch(notices, ".", IN_CREATE) == 2);
}

// Shared memory whose name has gone.
void MapTrace() {
  const std::string name = "/dev/shm/snapshot_victim." + std::to_string(getpid());
  const int fd = open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
  CHECK(fd >= 0 && ftruncate(fd, 1 << 16) == 0);
  trace = static_cast<uint64_t*>(mmap(nullptr, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  close(fd);
  unlink(name.c_str());
}

void FillPipe() {
  int ends[2];
  CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
}

void SetAlarm() { alarm(1000); }

void OpenUnlinkedFile() {
  char name[] = "/tmp/snapshot_victim_XXXXXX";
  CHECK(mkstemp(name) >= 0);
  unlink(name);
}

}  // namespace

void Take(const std::string& what) {
  static const std::map<std::string, void (*)()> kAll = {
      {"timer", MakeTimers},   {"io_uring", OpenIoUring},   {"child", LeaveChild},
      {"connection", Connect}, {"pair", MakePair},          {"letter", SendLetter},
      {"notice", LeaveNotice}, {"inotify", WatchDirectory}, {"trace", MapTrace},
      {"pipe", FillPipe},      {"itimer", SetAlarm},        {"file", OpenUnlinkedFile},
  };
  if (const auto found = kAll.find(what); found != kAll.end()) {
    found->second();
  }
}

void CheckTaken() {
  CheckOwnWays();
  if (has_timers) {
    CheckTimers();
  }
}

uint64_t* Trace() { return trace; }

}  // namespace victim
