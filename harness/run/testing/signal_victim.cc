// Servers that take SIGTERM in the ways that programs do. The argument says which; for the tests of
// second stop signals. Each says "ready" and ends with "bye" when it ends in order.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

volatile std::sig_atomic_t g_signals = 0;
bool g_leaves_at_second = false;
bool g_speaks = false;

void OnSignal(int) {
  g_signals = g_signals + 1;
  if (g_speaks) {
    [[maybe_unused]] const ssize_t written = write(1, "signal received\n", 16);
  }
  if (g_leaves_at_second && g_signals == 2) {
    _exit(0);
  }
}

void Handle(int flags) {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = flags;
  sigaction(SIGTERM, &action, nullptr);
}

void Say(const char* text) {
  std::puts(text);
  std::fflush(stdout);
}

// Nobody writes to it, as no client connects to a server that is idle.
int IdlePipe() {
  int ends[2] = {-1, -1};
  return pipe(ends) == 0 ? ends[0] : -1;
}

[[gnu::noinline]] void WaitForClient(int fd) {
  char byte = 0;
  while (read(fd, &byte, 1) < 0 && g_signals == 0) {
  }
}

[[gnu::noinline]] void WaitForWorker(int fd) {
  pollfd entry = {fd, POLLIN, 0};
  poll(&entry, 1, -1);
}

void* SleepForGood(void*) {
  while (true) {
    pause();
  }
}

// The flag is looked at, then the signal comes, then the server sleeps until a client comes.
void LoseTheFirst(int fd) {
  bool has_looked = false;
  while (g_signals == 0 || !has_looked) {
    Say("ready");
    has_looked = true;
    while (g_signals == 0) {
      usleep(200);
    }
    WaitForClient(fd);
  }
}

void AwaitSignal() {
  Say("ready");
  while (g_signals == 0) {
    usleep(200);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  const int fd = IdlePipe();
  g_leaves_at_second = mode == "leaves";
  g_speaks = mode == "speaks";
  Handle(mode == "restarts" ? SA_RESTART : mode == "dies" ? static_cast<int>(SA_RESETHAND) : 0);
  if (mode == "loses" || mode == "speaks" || mode == "restarts" || mode == "leaves" ||
      mode == "dies") {
    LoseTheFirst(fd);
  } else if (mode == "code") {
    LoseTheFirst(fd);
    return 3;
  } else if (mode == "stopping") {  // in its stop it waits for what never comes
    AwaitSignal();
    Say("stopping");
    WaitForWorker(fd);
  } else if (mode == "joins") {
    pthread_t worker = {};
    pthread_create(&worker, nullptr, SleepForGood, nullptr);
    AwaitSignal();
    pthread_join(worker, nullptr);
  }
  Say("bye");
  return 0;
}
