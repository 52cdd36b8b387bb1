#include "tools/census.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "harness/target/process.h"

namespace faultline {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// A process of somebody else's run: marked as such, and no descendant of this one.
pid_t StartForeignRun() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return -1;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    if (::fork() == 0) {
      ::setsid();
      ::setenv(std::string(kRunIdVariable).c_str(), "foreign", 1);
      const pid_t self = ::getpid();
      if (::write(ends[1], &self, sizeof self) == sizeof self) {
        ::execl("/bin/sleep", "sleep", "60", nullptr);
      }
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  pid_t pid = -1;
  char end = 0;
  const bool told = ::read(ends[0], &pid, sizeof pid) == sizeof pid;
  const bool executed = ::read(ends[0], &end, 1) == 0;  // exec closed its end
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return told && executed ? pid : -1;
}

TEST(MachineCensus, OnASharedMachineOtherPeoplesRunsAreTheirs) {
  const pid_t foreign = StartForeignRun();
  ASSERT_GT(foreign, 0);
  const std::string item = "process " + std::to_string(foreign) + " ";
  EXPECT_THAT(TakeCensus(false).items, Contains(HasSubstr(item)));
  EXPECT_THAT(TakeCensus(true).items, Not(Contains(HasSubstr(item))));
  ::kill(foreign, SIGKILL);
}

}  // namespace
}  // namespace faultline
