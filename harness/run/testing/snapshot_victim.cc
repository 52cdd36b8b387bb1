// A target for snapshot_test: as many threads as its argument says, which wait in all the ways that
// programs wait, and a start of several calls that can be made to fail. What it prints tells
// whether everything still works after a failure:
//
//   snapshot_victim THREADS [io_uring|timer|child|connection|pipe|once MARKER]
//   snapshot_victim THREADS memory|mirror|inherits|again|written|cleared|forgets
//   snapshot_victim THREADS pair|letter|inotify|notice|trace
//
// `memory`: a large memfd is mapped behind the first call, and it says at the end whether that is
// shared memory; `mirror`: twice; `inherits`: a child process writes to it; `again`: it is mapped
// once more at the end; `cleared`: it and the memory of a file are cleared by memset() at the end.
// `pair`: two sockets that are connected to each other; `letter`: with something on its way;
// `inotify`: its directory is watched; `notice`: with an event that nobody has read; `trace`:
// shared memory whose name has gone already. `forgets`: a call that
// fails makes it forget memory, which LeakSanitizer finds at its end. `leaves=PATH`: a file, PATH
// and its process id, which only its end removes. The second argument else: something that a forked
// process does not have. `once`: one of the calls is made by the first process only, which makes
// the file MARKER.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

extern "C" __attribute__((noinline)) int victim_call(int number) {
  asm volatile("" : : "r"(number) : "memory");
  return 0;
}

namespace {

pthread_mutex_t mutex;  // error-checking: it knows its owner by the thread's id
pthread_mutex_t robust;
pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
int round_number = 0;
int arrived = 0;
std::atomic<bool> wrong = false;
thread_local uint64_t own_value = 0;
int wake_up = -1;

#define CHECK(condition)                                            \
  do {                                                              \
    if (!(condition)) {                                             \
      wrong = true;                                                 \
      std::printf("wrong: %s (%s)\n", #condition, strerror(errno)); \
    }                                                               \
  } while (false)

void* RobustList() {
  void* list = nullptr;
  size_t size = 0;
  syscall(SYS_get_robust_list, 0, &list, &size);
  return list;
}

// A stack for signal handlers, which is each thread's own; as long as it lives.
class SignalStack {
 public:
  SignalStack() {
    const stack_t own = Own();
    CHECK(sigaltstack(&own, &before_) == 0);
  }
  ~SignalStack() { CHECK(sigaltstack(&before_, nullptr) == 0); }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

  void Check() const {
    stack_t now = {};
    CHECK(sigaltstack(nullptr, &now) == 0);
    CHECK(now.ss_sp == bytes_.data() && now.ss_size == bytes_.size() && now.ss_flags == 0);
  }

 private:
  stack_t Own() {
    stack_t own = {};
    own.ss_sp = bytes_.data();
    own.ss_size = bytes_.size();
    return own;
  }

  std::vector<char> bytes_ = std::vector<char>(1 << 16);
  stack_t before_ = {};
};

// Waits for each round and says that it is there.
void WaitForRounds(int id, double factor) {
  const SignalStack signal_stack;
  own_value = static_cast<uint64_t>(id) * 1000;
  pthread_setname_np(pthread_self(), ("victim-" + std::to_string(id)).c_str());
  const pid_t tid = gettid();
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  void* robust_list = RobustList();
  double product = factor;
  int seen = 0;
  while (true) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_lock(&mutex) == EDEADLK);
    while (round_number == seen) {
      pthread_cond_wait(&changed, &mutex);
    }
    seen = round_number;
    ++arrived;
    pthread_cond_broadcast(&changed);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    product = product * factor / factor;
    CHECK(own_value == static_cast<uint64_t>(id) * 1000);
    CHECK(tid == gettid());
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    CHECK(sigismember(&blocked, SIGUSR1) == 1);
    CHECK(robust_list == RobustList());
    CHECK(product == factor);
    signal_stack.Check();
    CHECK(pthread_mutex_lock(&robust) == 0);
    CHECK(pthread_mutex_unlock(&robust) == 0);
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof(name));
    CHECK(name == "victim-" + std::to_string(id));
    if (seen < 0) {
      return;
    }
  }
}

// Spins, with numbers in registers.
void Spin(std::atomic<bool>* stop, std::atomic<uint64_t>* turns) {
  double sum = 0;
  uint64_t count = 0;
  while (!*stop) {
    sum += 0.5;
    ++count;
    CHECK(sum == static_cast<double>(count) * 0.5);
    ++*turns;
  }
}

void Sleep(std::atomic<bool>* stop) {
  while (!*stop) {
    const timespec little = {0, 20'000'000};
    CHECK(nanosleep(&little, nullptr) == 0);
  }
}

// As DPDK's thread for interrupts does it.
void WaitForEvents(int epoll, int timer, int event, int pipe_end, std::atomic<int>* ticks) {
  while (true) {
    epoll_event happened = {};
    const int got = epoll_wait(epoll, &happened, 1, -1);
    CHECK(got == 1);
    uint64_t count = 0;
    if (happened.data.fd == timer) {
      CHECK(read(timer, &count, sizeof(count)) == sizeof(count));
      ++*ticks;
    } else if (happened.data.fd == event) {
      CHECK(read(event, &count, sizeof(count)) == sizeof(count));
    } else if (happened.data.fd == pipe_end) {
      char end = 0;
      CHECK(read(pipe_end, &end, 1) == 1);
      return;
    }
  }
}

// Far from the registers and the stack of its caller.
__attribute__((noinline)) void Forget() {
  std::thread([] { asm volatile("" : : "r"(new char[1000]) : "memory"); }).join();
}

bool MakesCall(int argc, char** argv) {
  return argc <= 3 || open(argv[3], O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0;
}

// Loads a library with a function that the agent hooks then.
void CallLibrary() {
  void* library = dlopen("libresolv.so.2", RTLD_NOW);
  CHECK(library != nullptr);
  auto* function =
      reinterpret_cast<int (*)(const char*, char*, size_t)>(dlsym(library, "ns_makecanon"));
  char name[16] = {};
  CHECK(function != nullptr && function("host", name, sizeof(name)) == 0);
  CHECK(std::strcmp(name, "host.") == 0);
}

void Round(int threads, int number) {
  pthread_mutex_lock(&mutex);
  round_number = number;
  arrived = 0;
  pthread_cond_broadcast(&changed);
  while (arrived < threads) {
    pthread_cond_wait(&changed, &mutex);
  }
  pthread_mutex_unlock(&mutex);
}

timer_t gone;
timer_t ticking;
timer_t at_rest;

void MakeTimers() {
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

void Spoil(const char* how) {
  if (std::strcmp(how, "timer") == 0) {
    MakeTimers();
  } else if (std::strcmp(how, "io_uring") == 0) {
    char parameters[120] = {};
    CHECK(syscall(SYS_io_uring_setup, 2, parameters) >= 0);
  } else if (std::strcmp(how, "child") == 0) {
    if (fork() == 0) {
      pause();
    }
  } else if (std::strcmp(how, "connection") == 0) {
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
  } else if (std::strcmp(how, "pair") == 0) {
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair_ends) == 0);
  } else if (std::strcmp(how, "letter") == 0) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && write(ends[0], "x", 1) == 1);
  } else if (std::strcmp(how, "notice") == 0) {
    const int notice = inotify_init1(IN_CLOEXEC);
    CHECK(inotify_add_watch(notice, ".", IN_CREATE) == 1);
    close(open("unread", O_CREAT | O_WRONLY, 0600));
    unlink("unread");
  } else if (std::strcmp(how, "inotify") == 0) {
    notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    CHECK(inotify_add_watch(notices, "data", IN_ATTRIB) == 1);
    CHECK(inotify_add_watch(notices, ".", IN_CREATE) == 2);
  } else if (std::strcmp(how, "trace") == 0) {
    const std::string name = "/dev/shm/snapshot_victim." + std::to_string(getpid());
    const int fd = open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0 && ftruncate(fd, 1 << 16) == 0);
    trace =
        static_cast<uint64_t*>(mmap(nullptr, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    close(fd);
    unlink(name.c_str());
  } else if (std::strcmp(how, "pipe") == 0) {
    int ends[2];
    CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
  } else if (std::strcmp(how, "itimer") == 0) {
    alarm(1000);
  } else if (std::strcmp(how, "file") == 0) {
    char name[] = "/tmp/snapshot_victim_XXXXXX";
    CHECK(mkstemp(name) >= 0);
    unlink(name);
  }
}

// Memory that is shared by name of a descriptor alone.
class LargeMemory {
 public:
  explicit LargeMemory(const std::string& what) {
    constexpr std::string_view kAll[] = {"memory", "mirror",  "inherits",
                                         "again",  "written", "cleared"};
    if (std::find(std::begin(kAll), std::end(kAll), what) == std::end(kAll)) {
      return;
    }
    const int fd = memfd_create("large", 0);
    again_ = what == "again" ? fd : -1;
    CHECK(ftruncate(fd, kSize) == 0);
    constexpr uint64_t kWritten = 17;
    if (what == "written") {
      CHECK(pwrite(fd, &kWritten, sizeof(kWritten), sizeof(kWritten)) == sizeof(kWritten));
    }
    first_ = Map(fd);
    CHECK(what != "written" || first_[1] == kWritten);
    second_ = what == "mirror" ? Map(fd) : first_;
    if (what == "cleared") {
      const int file = open("cleared", O_RDWR | O_CREAT, 0600);
      CHECK(file >= 0 && ftruncate(file, kSize) == 0);
      of_file_ = Map(file);
    }
    for (size_t i = 0; i < kSize / sizeof(uint64_t); i += kEvery) {
      first_[i] = i;
    }
    if (what == "inherits") {
      const pid_t child = fork();
      if (child == 0) {
        first_[kEvery + 1] = 5;
        _exit(0);
      }
      waitpid(child, nullptr, 0);
      CHECK(first_[kEvery + 1] == 5);
    }
  }

  void Check() {
    if (again_ >= 0) {
      second_ = Map(again_);
    }
    for (size_t i = 0; first_ != nullptr && i < kSize / sizeof(uint64_t); i += kEvery) {
      CHECK(first_[i] == i && second_[i] == i);
      first_[i] = 3 * i;
      CHECK(second_[i] == 3 * i);
    }
    if (of_file_ != nullptr) {
      const bool is_given_back = !Clear(first_);
      CHECK(Clear(of_file_));
      std::printf("%s\n", is_given_back ? "given back" : "written to");
    } else if (first_ != nullptr) {
      std::printf("%s\n", Kind().c_str());
    }
  }

 private:
  static constexpr size_t kSize = 64u << 20;
  static constexpr size_t kEvery = 1u << 17;  // words: 1 MiB

  // All but the first byte and the last. Is the memory still there afterwards?
  static bool Clear(uint64_t* words) {
    auto* const bytes = reinterpret_cast<unsigned char*>(words);
    std::memset(bytes, 0xff, kSize);
    std::memset(bytes + 1, 0, kSize - 2);
    unsigned char is_there[kSize / 4096];
    CHECK(mincore(bytes, kSize, is_there) == 0);
    const auto resident = std::count_if(std::begin(is_there), std::end(is_there),
                                        [](unsigned char page) { return (page & 1) != 0; });
    CHECK(bytes[0] == 0xff && bytes[kSize - 1] == 0xff);
    CHECK(std::all_of(bytes + 1, bytes + kSize - 1, [](unsigned char one) { return one == 0; }));
    return resident > std::ssize(is_there) / 2;
  }

  // Of the first mapping, as the kernel tells it.
  std::string Kind() const {
    std::ifstream maps("/proc/self/smaps");
    std::string kind = "gone";
    for (std::string line; std::getline(maps, line);) {
      unsigned long begin = 0;
      unsigned long end = 0;
      char access[5] = {};
      const auto address = reinterpret_cast<unsigned long>(first_);
      if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, access) == 3 && begin <= address &&
          address < end) {
        kind = access[3] == 's' ? "shared" : "its own";
      } else if (kind != "gone" && line.starts_with("VmFlags:")) {
        return kind + (line.find(" hg") != std::string::npos ? ", in large pages" : "");
      }
    }
    return kind;
  }

  static uint64_t* Map(int fd) {
    void* base = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(base != MAP_FAILED);
    return static_cast<uint64_t*>(base);
  }

  uint64_t* first_ = nullptr;
  uint64_t* second_ = nullptr;
  uint64_t* of_file_ = nullptr;
  int again_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 0;
  std::printf("begin\n");
  std::fflush(stdout);
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&mutex, &kind);
  pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &kind);

  int failed = victim_call(0) != 0 ? 1 : 0;

  LargeMemory large(argc > 2 ? argv[2] : "");
  std::vector<std::thread> all;
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> turns = 0;
  std::atomic<int> ticks = 0;
  int pipe_ends[2] = {-1, -1};
  int rounds = 0;
  for (int i = 0; i < threads; ++i) {
    if (i == 0) {
      const int epoll = epoll_create1(EPOLL_CLOEXEC);
      const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
      wake_up = eventfd(0, 0);
      CHECK(pipe(pipe_ends) == 0);
      itimerspec every = {{0, 10'000'000}, {0, 10'000'000}};
      timerfd_settime(timer, 0, &every, nullptr);
      for (const int fd : {timer, wake_up, pipe_ends[0]}) {
        epoll_event event = {};
        event.events = EPOLLIN;
        event.data.fd = fd;
        CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
      }
      all.emplace_back(WaitForEvents, epoll, timer, wake_up, pipe_ends[0], &ticks);
    } else if (i == 1) {
      all.emplace_back(Spin, &stop, &turns);
    } else if (i == 2) {
      all.emplace_back(Sleep, &stop);
    } else {
      all.emplace_back(WaitForRounds, i, static_cast<double>(i));
      ++rounds;
    }
  }
  // Memory, files and sockets that a fork would share.
  auto* memory = static_cast<uint64_t*>(
      mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const int memfd = memfd_create("victim", 0);
  CHECK(ftruncate(memfd, 1 << 20) == 0);
  auto* more =
      static_cast<uint64_t*>(mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0));
  const int file = open("data", O_RDWR | O_CREAT, 0600);
  CHECK(ftruncate(file, 4096) == 0 && flock(file, LOCK_EX | LOCK_NB) == 0);
  auto* data =
      static_cast<uint64_t*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  char directory[80];
  CHECK(getcwd(directory, sizeof(directory)) != nullptr);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof(address.sun_path), "%s/server", directory);
  CHECK(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
        listen(server, 4) == 0);
  for (size_t i = 0; i < (1 << 17); i += 512) {
    memory[i] = i;
    more[i] = 2 * i;
  }
  memory[0] = more[0] = data[0] = 0;
  if (argc > 2) {
    Spoil(argv[2]);
  }

  const pid_t pid = getpid();
  std::string left;
  if (argc > 2 && std::strncmp(argv[2], "leaves=", 7) == 0) {
    left = argv[2] + 7 + std::to_string(pid);
    close(open(left.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  }
  for (int call = 1; call <= 4; ++call) {
    if (call == 4 && !MakesCall(argc, argv)) {
      continue;
    }
    if (victim_call(call) != 0) {
      std::printf("failed %d\n", call);
      ++failed;
      if (argc > 2 && std::strcmp(argv[2], "forgets") == 0) {
        Forget();
      }
      usleep(argc > 3 ? 500'000 : 0);
    }
    if (call == 3) {
      CallLibrary();
    }
    // Each of these is so only when nobody else writes there.
    CHECK(memory[0] == static_cast<uint64_t>(call - 1));
    CHECK(more[0] == static_cast<uint64_t>(call - 1));
    CHECK(data[0] == static_cast<uint64_t>(call - 1));
    const int other = open("data", O_RDWR | O_CLOEXEC);
    CHECK(flock(other, LOCK_EX | LOCK_NB) != 0);  // the file is locked
    close(other);
    memory[0] = more[0] = data[0] = static_cast<uint64_t>(call);
    if (trace != nullptr) {
      CHECK(trace[0] == static_cast<uint64_t>(call - 1));
      trace[0] = static_cast<uint64_t>(call);
    }
    if (rounds > 0) {
      Round(rounds, call);
    }
    CHECK(getpid() == pid && gettid() == pid);
  }
  CheckOwnWays();
  // A thread that is not the main one is the one that fails.
  const SignalStack signal_stack;
  std::thread([&] {
    const SignalStack another;
    own_value = 77;
    if (victim_call(5) != 0) {
      std::printf("failed 5\n");
      ++failed;
    }
    CHECK(own_value == 77);
    another.Check();
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
  }).join();
  signal_stack.Check();
  for (size_t i = 512; i < (1 << 17); i += 512) {
    CHECK(memory[i] == i && more[i] == 2 * i);
  }
  const int client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(accept(server, nullptr, nullptr) >= 0);
  if (threads > 0) {
    const int before = ticks;
    while (ticks < before + 3 && !wrong) {
      usleep(1000);
    }
    const uint64_t turns_before = turns;
    while (threads > 1 && turns == turns_before) {
      usleep(1000);
    }
    const uint64_t one = 1;
    CHECK(write(wake_up, &one, sizeof(one)) == sizeof(one));
    CHECK(write(pipe_ends[1], "x", 1) == 1);
  }
  if (argc > 2 && std::strcmp(argv[2], "timer") == 0) {
    CheckTimers();
  }
  large.Check();
  stop = true;
  if (rounds > 0) {
    Round(rounds, -1);
  }
  for (std::thread& thread : all) {
    thread.join();
  }
  unlink(left.c_str());
  unlink("server");
  unlink("data");
  std::printf("%s, %d failed\n", wrong ? "broken" : "whole", failed);
  std::fflush(stdout);
  return wrong ? 3 : 0;
}
