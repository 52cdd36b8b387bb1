// A target for snapshot_test whose calls do not come in the same order each time: its second thread
// sees whether the first one sleeps, which that does only while it is parked for a fork.
//
//   snapshot_order_victim eager          the second thread makes its call then, else after it
//   snapshot_order_victim turns MARKER   two later calls change places then; says so by the file
//                                        MARKER, for which a failed call waits
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>

extern "C" __attribute__((noinline)) int victim_call(int number) {
  asm volatile("" : : "r"(number) : "memory");
  return 0;
}

namespace {

std::atomic<bool> is_watching = false;
std::atomic<bool> was_made = false;
std::atomic<bool> slept = false;
std::atomic<bool> is_done = false;

// "PID (NAME) STATE ..."
bool MainThreadSleeps() {
  char text[512] = {};
  const std::string path = "/proc/self/task/" + std::to_string(getpid()) + "/stat";
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t got = read(fd, text, sizeof(text) - 1);
  close(fd);
  const char* const name_end = got > 0 ? std::strrchr(text, ')') : nullptr;
  return name_end != nullptr && name_end[2] == 'S';
}

void Watch(const char* marker) {
  is_watching = true;
  while (!was_made && !slept) {
    slept = MainThreadSleeps();
  }
  if (slept && marker != nullptr) {
    close(open(marker, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  }
  if (marker == nullptr) {
    victim_call(2);
  }
  is_done = true;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const marker = argc > 2 ? argv[2] : nullptr;
  std::thread second(Watch, marker);
  while (!is_watching) {
    sched_yield();
  }
  if (victim_call(1) != 0 && marker != nullptr) {
    const std::time_t limit = std::time(nullptr) + 20;
    while (access(marker, F_OK) != 0 && std::time(nullptr) < limit) {
    }
  }
  was_made = true;
  while (!is_done) {
    sched_yield();
  }
  if (marker != nullptr) {
    // A loop that no compiler takes apart: a call is to have one stack in whichever turn.
    volatile int turns = 2;
    for (int turn = 0; turn < turns; ++turn) {
      if ((turn == 0) != slept) {
        victim_call(3);
      } else {
        victim_call(4);
      }
    }
    victim_call(5);
  }
  second.join();
  return 0;
}
