// A program that behaves badly on request: each argument is done in turn. For the tests of a
// supervised process; it uses nothing of the harness.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>

namespace {

void Say(const std::string& text) {
  [[maybe_unused]] const ssize_t written = write(1, text.data(), text.size());
}

[[gnu::noinline]] void PlantedCrash() {
  volatile int* nowhere = nullptr;
  *nowhere = 1;
}

void (*volatile g_null_function)() = nullptr;

[[gnu::noinline]] void PlantedNullCall() {
  g_null_function();
  asm volatile("");  // no tail call
}

[[gnu::noinline]] void PlantedWildCall() {
  static int data[16];
  reinterpret_cast<void (*)()>(reinterpret_cast<void*>(data))();
  asm volatile("");
}

[[gnu::noinline]] int PlantedRecursion(int depth) {
  volatile char room[512];
  room[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : PlantedRecursion(depth + 1) + room[0];
}

[[gnu::noinline]] void WriteToNobody() {
  int ends[2];
  if (pipe(ends) == 0 && close(ends[0]) == 0) {
    [[maybe_unused]] auto written = write(ends[1], "x", 1);
  }
  asm volatile("");
}

[[noreturn, gnu::noinline]] void WaitForever() {
  while (true) {
    pause();
  }
}

// Started as a thread of its own name that waits for good.
void StartThread() {
  static std::atomic<bool> running = false;
  std::thread([] {
    prctl(PR_SET_NAME, "idler");
    running = true;
    running.notify_one();
    WaitForever();
  }).detach();
  running.wait(false);
}

// A grandchild in a session of its own whose parent has ended: a daemon. Returns when it has said
// its pid.
void StartDaemon() {
  int said[2];
  if (pipe(said) != 0) {
    return;
  }
  const pid_t child = fork();
  if (child == 0) {
    if (fork() == 0) {
      setsid();
      Say("daemon " + std::to_string(getpid()) + "\n");
      close(said[0]);
      close(said[1]);
      WaitForever();
    }
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  close(said[1]);
  char byte = 0;
  [[maybe_unused]] const ssize_t end = read(said[0], &byte, 1);
  close(said[0]);
}

void StartChild() {
  const pid_t child = fork();
  if (child == 0) {
    WaitForever();
  }
  Say("child " + std::to_string(child) + "\n");
}

// A child that nobody waits for; it is a zombie at once, or soon.
void StartZombie() {
  const pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  Say("zombie " + std::to_string(child) + "\n");
}

// A daemon that becomes a zombie of whoever adopts it.
void StartDyingDaemon() {
  const pid_t child = fork();
  if (child == 0) {
    const pid_t daemon = fork();
    if (daemon == 0) {
      setsid();
      _exit(0);
    }
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(daemon), &info, WEXITED | WNOWAIT);
    Say("dead daemon " + std::to_string(daemon) + "\n");
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

// A daemon that forks itself twice and fails at once, long before those above it end with 0.
void StartQuickFailure() {
  constexpr useconds_t kLong = 100'000;
  if (fork() != 0) {
    usleep(kLong);
    _exit(0);
  }
  if (fork() != 0) {
    usleep(kLong / 2);
    _exit(0);
  }
  _exit(7);
}

// The same once, and its parent waits for what it says: it is the parent's to tell.
void StartAwaitedFailure() {
  int ends[2];
  if (pipe(ends) != 0) {
    return;
  }
  if (fork() == 0) {
    _exit(7);
  }
  close(ends[1]);
  char byte = 0;
  [[maybe_unused]] const ssize_t got = read(ends[0], &byte, 1);
  _exit(0);
}

// A child that takes long to die: it holds much memory by descriptors on both sides of a pipe, and
// this one ends with 0 as soon as the pipe says that the child is ending.
void StartSlowDeath() {
  const auto hold = [] {
    constexpr off_t kSize = 128 << 20;
    const int fd = memfd_create("held", 0);
    if (fd < 0 || fallocate(fd, 0, 0, kSize) != 0) {
      Say("no memory\n");
    }
    return fd;
  };
  int ends[2];
  const int before = hold();
  if (pipe(ends) != 0) {
    return;
  }
  const int after = hold();
  if (fork() == 0) {
    close(ends[0]);
    _exit(7);
  }
  for (const int fd : {before, ends[1], after}) {
    close(fd);
  }
  char byte = 0;
  [[maybe_unused]] const ssize_t end = read(ends[0], &byte, 1);
  _exit(0);
}

void EchoLine() {
  std::string line;
  char byte = 0;
  while (read(0, &byte, 1) == 1 && byte != '\n') {
    line += byte;
  }
  Say("heard <" + line + ">\n");
}

void TellSurroundings() {
  int open_fds = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    open_fds += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  }
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  struct sigaction pipe_action;
  sigaction(SIGPIPE, nullptr, &pipe_action);
  rlimit core;
  getrlimit(RLIMIT_CORE, &core);
  const mode_t mask_bits = umask(0);
  char directory[4096] = "";
  std::printf("fds=%d tty=%d session=%d blocked=%d sigpipe_default=%d core=%d umask=%03o cwd=%s\n",
              open_fds, isatty(0) && isatty(1), getsid(0) == getpid(),
              sigismember(&mask, SIGINT) || sigismember(&mask, SIGCHLD),
              pipe_action.sa_handler == SIG_DFL, static_cast<int>(core.rlim_cur), mask_bits,
              getcwd(directory, sizeof(directory)));
  std::fflush(stdout);
}

// Leaves a hugepage file in ./huge with one page in use.
void UseHugepage() {
  const int fd = open("huge/rtemap_0", O_CREAT | O_RDWR, 0600);
  constexpr size_t kPage = size_t{2} << 20;
  if (fd < 0 || ftruncate(fd, kPage) != 0) {
    Say("no hugepage file\n");
    return;
  }
  void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) {
    Say("no hugepage\n");
    return;
  }
  std::memset(page, 1, 1);
  Say("hugepage in use\n");
}

const std::map<std::string, std::function<void()>>& Deeds() {
  static const std::map<std::string, std::function<void()>> deeds = {
      {"hello", [] { Say("hello\n"); }},
      {"partial", [] { Say("prompt> "); }},
      {"stderr", [] { [[maybe_unused]] auto n = write(2, "to stderr\n", 10); }},
      {"crash", PlantedCrash},
      {"call-null", PlantedNullCall},
      {"call-data", PlantedWildCall},
      {"abort", [] { std::abort(); }},
      {"broken-pipe", WriteToNobody},
      {"raise-segv", [] { raise(SIGSEGV); }},
      {"recurse", [] { std::exit(PlantedRecursion(0)); }},
      {"thread-crash", [] { std::thread(PlantedCrash).join(); }},
      {"thread", StartThread},
      {"wait", WaitForever},
      {"spin",
       [] {
         while (true) {
           asm volatile("");
         }
       }},
      {"ignore-term", [] { signal(SIGTERM, SIG_IGN); }},
      {"catch-segv", [] { signal(SIGSEGV, [](int) { _exit(42); }); }},
      {"abort-on-segv", [] { signal(SIGSEGV, [](int) { std::abort(); }); }},
      {"stop", [] { raise(SIGSTOP); }},
      {"daemon", StartDaemon},
      {"child", StartChild},
      {"zombie", StartZombie},
      {"dying-daemon", StartDyingDaemon},
      {"slow-death", StartSlowDeath},
      {"quick-failure", StartQuickFailure},
      {"awaited-failure", StartAwaitedFailure},
      {"main-thread-exits",
       [] {
         StartThread();
         Say("main thread exits\n");
         pthread_exit(nullptr);
       }},
      {"echo", EchoLine},
      {"surroundings", TellSurroundings},
      {"hugepage", UseHugepage},
      {"exec", [] { execl("/proc/self/exe", "victim", "hello", nullptr); }},
      {"exit-3", [] { std::exit(3); }},
  };
  return deeds;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const auto deed = Deeds().find(argv[i]);
    if (deed == Deeds().end()) {
      std::fprintf(stderr, "unknown deed %s\n", argv[i]);
      return 2;
    }
    deed->second();
  }
  return 0;
}
