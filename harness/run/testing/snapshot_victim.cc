// A target for snapshot_test: as many threads as its argument says, which wait in all the ways that
// programs wait, and a start of several calls that can be made to fail. What it prints tells
// whether everything still works after a failure:
//
//   snapshot_victim THREADS [io_uring|timer|child|connection|pipe|once MARKER]
//   snapshot_victim THREADS memory|mirror|inherits|again|written|cleared|forgets
//   snapshot_victim THREADS pair|letter|inotify|notice|trace|hugepages
//
// `memory`: a large memfd is mapped behind the first call, and it says at the end whether that is
// shared memory; `mirror`: twice; `inherits`: a child process writes to it; `again`: it is mapped
// once more at the end; `cleared`: it and the memory of a file are cleared by memset() at the end.
// `pair`: two sockets that are connected to each other; `letter`: with something on its way;
// `inotify`: its directory is watched; `notice`: with an event that nobody has read; `trace`:
// shared memory whose name has gone already; `hugepages`: files of the run's hugetlbfs are mapped.
// `forgets`: a call that
// fails makes it forget memory, which LeakSanitizer finds at its end. `leaves=PATH`: a file, PATH
// and its process id, which only its end removes. The second argument else: something that a forked
// process does not have. `once`: one of the calls is made by the first process only, which makes
// the file MARKER.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "harness/run/testing/victim_check.h"
#include "harness/run/testing/victim_hugepages.h"
#include "harness/run/testing/victim_memory.h"
#include "harness/run/testing/victim_possessions.h"
#include "harness/run/testing/victim_threads.h"

extern "C" __attribute__((noinline)) int victim_call(int number) {
  asm volatile("" : : "r"(number) : "memory");
  return 0;
}

namespace victim {
namespace {

thread_local uint64_t own_word = 0;

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

// Memory, files and sockets that a fork would share.
class SharedThings {
 public:
  SharedThings() {
    memory_ = Map(1 << 20, MAP_SHARED | MAP_ANONYMOUS, -1);
    const int memfd = memfd_create("victim", 0);
    CHECK(ftruncate(memfd, 1 << 20) == 0);
    more_ = Map(1 << 20, MAP_SHARED, memfd);
    const int file = open("data", O_RDWR | O_CREAT, 0600);
    CHECK(ftruncate(file, 4096) == 0 && flock(file, LOCK_EX | LOCK_NB) == 0);
    data_ = Map(4096, MAP_SHARED, file);
    server_ = socket(AF_UNIX, SOCK_STREAM, 0);
    char directory[80];
    CHECK(getcwd(directory, sizeof(directory)) != nullptr);
    address_.sun_family = AF_UNIX;
    std::snprintf(address_.sun_path, sizeof(address_.sun_path), "%s/server", directory);
    CHECK(bind(server_, reinterpret_cast<sockaddr*>(&address_), sizeof(address_)) == 0 &&
          listen(server_, 4) == 0);
    for (size_t i = 0; i < kWords; i += kEvery) {
      memory_[i] = i;
      more_[i] = 2 * i;
    }
    memory_[0] = more_[0] = data_[0] = 0;
  }
  SharedThings(const SharedThings&) = delete;
  SharedThings& operator=(const SharedThings&) = delete;
  ~SharedThings() {
    unlink("server");
    unlink("data");
  }

  // Each of these is so only when nobody else writes there. Writes `call` for the next time.
  void CheckAndWrite(int call) {
    const auto before = static_cast<uint64_t>(call - 1);
    CHECK(memory_[0] == before && more_[0] == before && data_[0] == before);
    const int other = open("data", O_RDWR | O_CLOEXEC);
    CHECK(flock(other, LOCK_EX | LOCK_NB) != 0);  // the file is locked
    close(other);
    memory_[0] = more_[0] = data_[0] = static_cast<uint64_t>(call);
    if (Trace() != nullptr) {
      CHECK(Trace()[0] == before);
      Trace()[0] = static_cast<uint64_t>(call);
    }
  }

  void CheckAtEnd() const {
    for (size_t i = kEvery; i < kWords; i += kEvery) {
      CHECK(memory_[i] == i && more_[i] == 2 * i);
    }
    const int client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(connect(client, reinterpret_cast<const sockaddr*>(&address_), sizeof(address_)) == 0);
    CHECK(accept(server_, nullptr, nullptr) >= 0);
  }

 private:
  static constexpr size_t kWords = 1 << 17;
  static constexpr size_t kEvery = 512;  // a page

  static uint64_t* Map(size_t size, int how, int fd) {
    return static_cast<uint64_t*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, how, fd, 0));
  }

  uint64_t* memory_ = nullptr;
  uint64_t* more_ = nullptr;
  uint64_t* data_ = nullptr;
  int server_ = -1;
  sockaddr_un address_ = {};
};

// The calls 1 to 4, each with everything looked at. How many failed?
int MakeCalls(int argc, char** argv, const std::string& what, SharedThings& shared,
              Hugepages& hugepages, WaitingThreads& threads) {
  int failed = 0;
  const pid_t pid = getpid();
  for (int call = 1; call <= 4; ++call) {
    if (call == 4 && !MakesCall(argc, argv)) {
      continue;
    }
    if (victim_call(call) != 0) {
      std::printf("failed %d\n", call);
      ++failed;
      if (what == "forgets") {
        Forget();
      }
      usleep(argc > 3 ? 500'000 : 0);
    }
    if (call == 3) {
      CallLibrary();
    }
    shared.CheckAndWrite(call);
    hugepages.CheckAndWrite(call);
    threads.Round(call);
    CHECK(getpid() == pid && gettid() == pid);
  }
  return failed;
}

// The call 5, by a thread that is not the main one. How often did it fail?
int CallInThread() {
  int failed = 0;
  const SignalStack signal_stack;
  std::thread([&] {
    const SignalStack another;
    own_word = 77;
    if (victim_call(5) != 0) {
      std::printf("failed 5\n");
      failed = 1;
    }
    CHECK(own_word == 77);
    another.Check();
    CheckMutex();
  }).join();
  signal_stack.Check();
  return failed;
}

// The file that only the end removes; "" without one.
std::string LeaveFile(const std::string& what) {
  constexpr char kLeaves[] = "leaves=";
  if (!what.starts_with(kLeaves)) {
    return "";
  }
  const std::string left = what.substr(std::strlen(kLeaves)) + std::to_string(getpid());
  close(open(left.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  return left;
}

int Live(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[2] : "";
  int failed = victim_call(0) != 0 ? 1 : 0;
  LargeMemory large(what);
  Hugepages hugepages(what);
  WaitingThreads threads(argc > 1 ? std::atoi(argv[1]) : 0);
  {
    SharedThings shared;
    Take(what);
    const std::string left = LeaveFile(what);
    failed += MakeCalls(argc, argv, what, shared, hugepages, threads);
    failed += CallInThread();
    shared.CheckAtEnd();
    threads.CheckOthers();
    CheckTaken();
    large.Check();
    hugepages.CheckAtEnd();
    threads.Stop();
    unlink(left.c_str());
  }
  return failed;
}

}  // namespace
}  // namespace victim

int main(int argc, char** argv) {
  std::printf("begin\n");
  std::fflush(stdout);
  const int failed = victim::Live(argc, argv);
  std::printf("%s, %d failed\n", victim::wrong ? "broken" : "whole", failed);
  std::fflush(stdout);
  return victim::wrong ? 3 : 0;
}
