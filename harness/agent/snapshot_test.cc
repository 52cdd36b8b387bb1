// Two threads of a carrier come to the calls that are asked for by turns, each as soon as the other
// is let go.
#include "harness/agent/snapshot.h"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

namespace faultline::agent {
namespace {

using protocol::CarrierCommand;
using protocol::CarrierState;
using protocol::SnapshotControl;

constexpr uint64_t kFirst = 11;
constexpr uint64_t kSecond = 22;
constexpr uint64_t kCalls = 40;  // of each thread

class SnapshotHandOver : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/snapshot_control_XXXXXX";
    const int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(ftruncate(fd, sizeof(SnapshotControl)), 0);
    void* base = mmap(nullptr, sizeof(SnapshotControl), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    ASSERT_NE(base, MAP_FAILED);
    control_ = static_cast<SnapshotControl*>(base);
    control_->magic = protocol::kSnapshotMagic;
    Want(kFirst, 1);
    CPU_SET(sched_getcpu(), &cpu_);
    ASSERT_EQ(carrier_.Open(path), nullptr);
    unlink(path);
  }

  void TearDown() override { munmap(control_, sizeof(SnapshotControl)); }

  void Want(uint64_t site, uint64_t occurrence) {
    control_->wanted_occurrence.store(occurrence);
    control_->wanted_site.store(site);
  }

  // As the harness does it.
  void LetGo() {
    control_->state.store(CarrierState::kRuns);
    control_->command = CarrierCommand::kGoOn;
    control_->commands.fetch_add(1);
    syscall(SYS_futex, &control_->commands, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  }

  bool AwaitParked() const {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (CarrierState now = control_->state.load(); now != CarrierState::kParked;
         now = control_->state.load()) {
      if (std::chrono::steady_clock::now() > limit) {
        return false;
      }
      constexpr timespec kMost = {.tv_sec = 0, .tv_nsec = 500'000};
      syscall(SYS_futex, &control_->state, FUTEX_WAIT, now, &kMost, nullptr, 0);
    }
    return true;
  }

  // Until the thread waits in the kernel, for the other one to be let go.
  static void AwaitSleep(uint32_t tid) {
    for (char state = 0; state != 'S';) {
      std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/stat");
      std::string stat;
      std::getline(file, stat);
      state = stat.at(stat.rfind(')') + 2);
      sched_yield();
    }
  }

  // Makes all calls of a thread. All threads share a CPU, and who is woken there goes on at once,
  // before the one that wakes it, which has a nice value.
  void MakeCalls(uint64_t site, std::atomic<uint32_t>& id) {
    id = static_cast<uint32_t>(gettid());
    sched_setaffinity(0, sizeof(cpu_), &cpu_);
    setpriority(PRIO_PROCESS, id, site == kFirst ? 19 : 0);
    for (uint64_t call = 1; !is_over_;) {
      carrier_.AwaitOthers();
      if (carrier_.Wants(site, call)) {
        carrier_.Park();
        ++call;
      }
      sched_yield();
    }
  }

  cpu_set_t cpu_ = {};
  Snapshot carrier_;
  SnapshotControl* control_ = nullptr;
  std::atomic<bool> is_over_ = false;
};

TEST_F(SnapshotHandOver, AThreadThatIsLetGoDoesNotHideThatTheNextOneIsParked) {
  std::atomic<uint32_t> first_id = 0;
  std::atomic<uint32_t> second_id = 0;
  std::thread first([&] { MakeCalls(kFirst, first_id); });
  std::thread second([&] { MakeCalls(kSecond, second_id); });
  while (first_id == 0 || second_id == 0) {
    sched_yield();
  }
  for (uint64_t call = 1; call <= kCalls && !HasFailure(); ++call) {
    EXPECT_TRUE(AwaitParked()) << "the first thread, call " << call;
    EXPECT_EQ(control_->parked_thread, first_id);
    AwaitSleep(second_id);
    Want(kSecond, call);
    LetGo();
    EXPECT_TRUE(AwaitParked()) << "the second thread, call " << call;
    EXPECT_EQ(control_->parked_thread, second_id);
    AwaitSleep(first_id);
    EXPECT_EQ(control_->state, CarrierState::kParked) << "when the first thread was let go";
    if (call < kCalls) {
      Want(kFirst, call + 1);
      LetGo();
    }
  }
  is_over_ = true;
  LetGo();
  first.join();
  second.join();
}

}  // namespace
}  // namespace faultline::agent
