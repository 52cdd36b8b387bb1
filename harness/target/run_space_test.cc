#include "harness/target/run_space.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include "harness/base/failure.h"
#include "harness/target/machine.h"
#include "harness/target/run_dir.h"
#include "harness/target/testing/victim_run.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RunSpaceHugetlbfs : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string lack = LackOfHugepages(4, /*mount=*/true);
    if (!lack.empty()) {
      GTEST_SKIP() << lack;
    }
    std::filesystem::create_directory(directory_.path() / "huge");
  }

  RunSpace::Plan WithHugetlbfs(int size_mb) const {
    return {HugetlbfsPlan{directory_.path() / "huge", size_mb}, false};
  }

  RunDirectory directory_;
};

TEST_F(RunSpaceHugetlbfs, IsSeenByNobodyElseAndShowsWhatAProcessLeft) {
  const HugepageReservation pages(4);
  const size_t mounts_before = ReadHugetlbfsMounts().size();
  {
    const RunSpace space(WithHugetlbfs(4));
    VictimRun run({"hugepage", "wait"}, {.space = &space, .working_dir = directory_.path()});
    ASSERT_TRUE(run.WaitForLine("hugepage in use"));
    EXPECT_EQ(ReadHugetlbfsMounts().size(), mounts_before);
    run.process().Kill();
    EXPECT_THAT(space.HugepageFiles(), ElementsAre("rtemap_0"));
  }
  EXPECT_GE(ReadHugepagePool()->available(), 2);
}

TEST_F(RunSpaceHugetlbfs, TheNextProcessFindsWhatTheFirstLeft) {
  const HugepageReservation pages(2);
  const RunSpace space(WithHugetlbfs(2));
  for (int start = 1; start <= 2; ++start) {
    VictimRun run({"hugepage", "wait"}, {.space = &space, .working_dir = directory_.path()});
    ASSERT_TRUE(run.WaitForLine("hugepage in use")) << start;
    run.process().Kill();
  }
  EXPECT_THAT(space.HugepageFiles(), ElementsAre("rtemap_0"));
}

TEST_F(RunSpaceHugetlbfs, RefusesAnOddSize) { EXPECT_THROW(RunSpace(WithHugetlbfs(3)), Failure); }

// Runs `script` in the space; its exit code.
int RunIn(const RunSpace& space, const std::string& script) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::setns(space.mounts(), CLONE_NEWNS) == 0) {
      ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
    }
    ::_exit(99);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

TEST(RunSpace, ADirectoryOfItsOwnNeedNotBeOnTheMachine) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  const std::string missing = fmt::format("/dev/faultline-{}", ::getpid());
  const RunDirectory there;
  const std::string there_path = there.path();
  RunSpace::Plan plan;
  plan.directories = {{missing, 64 << 10}, {there_path, 64 << 10}};
  const RunSpace space(plan);
  EXPECT_EQ(RunIn(space, "echo a > " + missing + "/a && echo b > " + there_path + "/b"), 0);
  // The next process finds it; what else is in /dev is as it was, with what is mounted below.
  EXPECT_EQ(RunIn(space, "test -s " + missing +
                             "/a -a -c /dev/null -a -d /dev/shm && "
                             "echo > /dev/null && head -c1 /dev/zero > /dev/null && "
                             "test \"$(readlink /dev/fd)\" = /proc/self/fd"),
            0);
  EXPECT_NE(RunIn(space, "head -c 100000 /dev/zero > " + missing + "/big"), 0) << "has a size";
  EXPECT_FALSE(std::filesystem::exists(missing)) << "on the machine";
  EXPECT_TRUE(std::filesystem::is_empty(there_path)) << "on the machine";
}

TEST(RunSpace, ADirectoryWhoseParentIsMissingIsRefused) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  RunSpace::Plan plan;
  plan.directories = {{"/faultline/no/such", 4096}};
  EXPECT_THROW(RunSpace{plan}, Failure);
}

TEST(RunSpace, WithoutHugetlbfsThereAreNoHugepageFiles) {
  const RunSpace space({});
  EXPECT_THAT(space.HugepageFiles(), IsEmpty());
  EXPECT_EQ(space.mounts(), -1);
  EXPECT_EQ(space.network(), -1);
}

// What a thread sees that has entered the network: "lo", and whether a connection over it works.
struct Seen {
  std::vector<std::string> interfaces;
  bool connects = false;
};

Seen LookAround(int network) {
  Seen seen;
  std::thread([&] {
    if (setns(network, CLONE_NEWNET) != 0) {
      return;
    }
    struct if_nameindex* const all = ::if_nameindex();
    for (const struct if_nameindex* one = all; one != nullptr && one->if_index != 0; ++one) {
      seen.interfaces.emplace_back(one->if_name);
    }
    if_freenameindex(all);
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(20'000);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    seen.connects = bind(server, where, sizeof(address)) == 0 && listen(server, 1) == 0 &&
                    connect(client, where, sizeof(address)) == 0;
    close(client);
    close(server);
  }).join();
  return seen;
}

TEST(RunSpace, AnOwnNetworkHasALoopbackThatIsUpAndNothingElse) {
  const RunSpace one({std::nullopt, true});
  const RunSpace other({std::nullopt, true});
  if (!one.network_note().empty()) {
    GTEST_SKIP() << one.network_note();
  }
  for (const RunSpace* space : {&one, &other}) {  // the same port in both: they never meet
    const Seen seen = LookAround(space->network());
    EXPECT_THAT(seen.interfaces, ElementsAre("lo"));
    EXPECT_TRUE(seen.connects);
  }
}

TEST(RunSpace, WhoMakesANetworkStaysInItsOwn) {
  const auto own = [] { return std::filesystem::read_symlink("/proc/thread-self/ns/net"); };
  const std::filesystem::path before = own();
  const RunSpace space({std::nullopt, true});
  EXPECT_EQ(own(), before);
}

// As a sweep makes them. A child that another thread forks meanwhile inherits the pipes of this
// one.
TEST(RunSpace, SeveralThatAreMadeAtATimeDoNotWaitForEachOther) {
  constexpr int kAtATime = 4;
  constexpr int kRounds = 50;
  std::barrier round(kAtATime);
  std::vector<std::thread> threads;
  for (int i = 0; i < kAtATime; ++i) {
    threads.emplace_back([&round] {
      for (int k = 0; k < kRounds; ++k) {
        round.arrive_and_wait();
        const RunDirectory directory;
        RunSpace::Plan plan = {.hugetlbfs = std::nullopt, .network = true};
        if (geteuid() == 0) {
          plan.small_directory = SmallDirectoryPlan{directory.path(), 1 << 20};
        }
        const RunSpace space(plan);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace faultline
