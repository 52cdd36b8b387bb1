#include "harness/agent/conditions.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "harness/base/testing/temporary_directory.h"
#include "harness/base/unique_fd.h"

namespace faultline::agent {
namespace {

using protocol::PlanCondition;

using protocol::PlanDescriptor;
using protocol::PlanStream;

bool Holds(PlanCondition::Kind kind, uint32_t argument, uint64_t value,
           const uint64_t (&arguments)[6]) {
  const PlanCondition condition{kind, argument, value};
  return ConditionsHold({&condition, 1}, {arguments});
}
// Of the first argument.
bool HoldsOf(uint64_t argument, PlanCondition condition) {
  const uint64_t arguments[6] = {argument};
  return ConditionsHold({&condition, 1}, {arguments});
}
uint64_t Address(const void* object) { return reinterpret_cast<uint64_t>(object); }
bool FdIs(int fd, uint64_t kinds) {
  return HoldsOf(static_cast<uint64_t>(fd), {PlanCondition::kDescriptorIs, 0, kinds});
}

TEST(ConditionsTest, CompareTheArgumentThatIsNamed) {
  const uint64_t arguments[6] = {1, 2, 0x30, 4, 5, 6};
  EXPECT_TRUE(Holds(PlanCondition::kArgEquals, 1, 2, arguments));
  EXPECT_FALSE(Holds(PlanCondition::kArgEquals, 2, 2, arguments));
  EXPECT_TRUE(Holds(PlanCondition::kArgNotEquals, 5, 5, arguments));
  EXPECT_FALSE(Holds(PlanCondition::kArgNotEquals, 5, 6, arguments));
  EXPECT_TRUE(Holds(PlanCondition::kArgHasBits, 2, 0x11, arguments));
  EXPECT_FALSE(Holds(PlanCondition::kArgHasBits, 2, 0x0f, arguments));
}

TEST(ConditionsTest, SignedComparisonLooksAtTheInt) {
  const uint64_t minus_one[6] = {0xffffffff};  // as a caller passes an int: upper half not set
  EXPECT_TRUE(Holds(PlanCondition::kArgSignedAtMost, 0, 0, minus_one));
  EXPECT_FALSE(Holds(PlanCondition::kArgSignedAtMost, 0, static_cast<uint64_t>(-2), minus_one));
}

TEST(ConditionsTest, AllMustHold) {
  const uint64_t arguments[6] = {1, 2};
  const std::vector<PlanCondition> conditions = {{PlanCondition::kArgEquals, 0, 1},
                                                 {PlanCondition::kArgEquals, 1, 3}};
  EXPECT_FALSE(ConditionsHold(conditions, {arguments}));
  EXPECT_TRUE(ConditionsHold({}, {arguments}));
}

TEST(ConditionsTest, OrdinaryFilesAreNotOnHugetlbfs) {
  const UniqueFd fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const char path[] = "/proc/self/exe";
  for (const char* each : {path, "relative", "/", "", "no/such/directory"}) {
    const uint64_t arguments[6] = {static_cast<uint64_t>(fd.get()),
                                   reinterpret_cast<uint64_t>(each)};
    EXPECT_FALSE(Holds(PlanCondition::kDescriptorIs, 0, PlanDescriptor::kOnHugetlbfs, arguments));
    EXPECT_FALSE(Holds(PlanCondition::kPathOnHugetlbfs, 1, 0, arguments)) << each;
  }
  const uint64_t nothing[6] = {static_cast<uint64_t>(-1), 0};
  EXPECT_FALSE(Holds(PlanCondition::kDescriptorIs, 0, PlanDescriptor::kOnHugetlbfs, nothing));
  EXPECT_FALSE(Holds(PlanCondition::kPathOnHugetlbfs, 1, 0, nothing));
}

TEST(ConditionsTest, FilesOnHugetlbfsAreKnownBeforeTheyExist) {
  const testkit::TemporaryDirectory directory;
  if (mount("none", directory.path().c_str(), "hugetlbfs", 0, "size=0") != 0) {
    GTEST_SKIP() << "mounting a hugetlbfs needs root";
  }
  const std::string file = directory.path() / "page";
  {
    const UniqueFd fd(open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    const std::string missing = directory.path() / "missing";
    const uint64_t arguments[6] = {static_cast<uint64_t>(fd.get()),
                                   reinterpret_cast<uint64_t>(missing.c_str())};
    EXPECT_TRUE(Holds(PlanCondition::kDescriptorIs, 0, PlanDescriptor::kOnHugetlbfs, arguments));
    EXPECT_TRUE(Holds(PlanCondition::kPathOnHugetlbfs, 1, 0, arguments));
  }
  EXPECT_EQ(umount(directory.path().c_str()), 0);
}

TEST(ConditionsTest, ComparesWithSignsInTheWidthOfTheType) {
  const auto minus_one = static_cast<uint64_t>(-1);
  EXPECT_TRUE(HoldsOf(1, {PlanCondition::kAbove, 0, 0}));
  EXPECT_FALSE(HoldsOf(0, {PlanCondition::kAbove, 0, 0}));
  EXPECT_FALSE(HoldsOf(minus_one, {PlanCondition::kAbove, 0, 0})) << "sbrk(-1)";
  EXPECT_TRUE(HoldsOf(minus_one, {PlanCondition::kBelow, 0, 0}));
  const uint64_t int_minus_one = 0xffffffff;  // the upper half of an int means nothing
  EXPECT_TRUE(HoldsOf(int_minus_one,
                      {PlanCondition::kArgEquals, 0, minus_one, PlanCondition::kArgument, 0, 4}));
  EXPECT_TRUE(
      HoldsOf(0xabcd00000000, {PlanCondition::kArgEquals, 0, 0, PlanCondition::kArgument, 0, 4}));
  EXPECT_TRUE(HoldsOf(8, {PlanCondition::kLacksBits, 0, 4}));
  EXPECT_FALSE(HoldsOf(12, {PlanCondition::kLacksBits, 0, 4}));
}

TEST(ConditionsTest, ReadsWhatAnArgumentPointsAt) {
  const struct {
    int64_t seconds;
    int32_t rest;
  } timeout{0, 5};
  const PlanCondition seconds{PlanCondition::kArgNotEquals, 0, 0, PlanCondition::kPointee};
  const PlanCondition rest{PlanCondition::kArgNotEquals, 0, 0, PlanCondition::kPointee, 8, 4};
  EXPECT_FALSE(HoldsOf(Address(&timeout), seconds));
  EXPECT_TRUE(HoldsOf(Address(&timeout), rest));
  EXPECT_FALSE(HoldsOf(0, seconds)) << "a null pointer has nothing";
  EXPECT_FALSE(HoldsOf(UINT64_MAX, rest)) << "a constant in a pointer's place has nothing";
}

TEST(ConditionsTest, OfAGroupOneIsEnough) {
  const uint64_t arguments[6] = {7};
  PlanCondition conditions[] = {{PlanCondition::kArgEquals, 0, 1},
                                {PlanCondition::kArgEquals, 0, 7},
                                {PlanCondition::kAbove, 0, 6}};
  conditions[0].group = conditions[1].group = 1;
  EXPECT_TRUE(ConditionsHold(conditions, {arguments}));
  conditions[2].value = 7;
  EXPECT_FALSE(ConditionsHold(conditions, {arguments})) << "the group alone does not do";
  conditions[1].group = 2;
  conditions[2].value = 6;
  EXPECT_FALSE(ConditionsHold(conditions, {arguments})) << "two groups";
}

TEST(ConditionsTest, ArgumentsBehindTheSixthLieOnTheStack) {
  const uint64_t arguments[6] = {};
  const uint64_t stack[] = {3, 9};
  const PlanCondition condition{PlanCondition::kArgEquals, 7, 9};
  EXPECT_TRUE(ConditionsHold({&condition, 1}, {arguments, stack}));
}

TEST(ConditionsTest, KnowsWhatADescriptorIs) {
  int pipe_fds[2];
  int pair[2];
  ASSERT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const UniqueFd read_end(pipe_fds[0]), write_end(pipe_fds[1]), left(pair[0]), right(pair[1]);
  const UniqueFd event(eventfd(0, EFD_CLOEXEC));
  const UniqueFd tcp(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd udp(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const UniqueFd kernel(open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
  const UniqueFd memory(memfd_create("conditions_test", MFD_CLOEXEC));
  const UniqueFd device(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(FdIs(read_end.get(), PlanDescriptor::kPipe));
  EXPECT_FALSE(FdIs(read_end.get(), ~uint64_t{PlanDescriptor::kPipe}));
  EXPECT_TRUE(FdIs(left.get(), PlanDescriptor::kUnix));
  EXPECT_TRUE(FdIs(left.get(), PlanDescriptor::kStream));
  EXPECT_FALSE(FdIs(left.get(), PlanDescriptor::kTcp));
  EXPECT_TRUE(FdIs(event.get(), PlanDescriptor::kAnonymous));
  EXPECT_FALSE(FdIs(event.get(), PlanDescriptor::kFile));
  EXPECT_TRUE(FdIs(tcp.get(), PlanDescriptor::kTcp));
  EXPECT_FALSE(FdIs(udp.get(), PlanDescriptor::kStream | PlanDescriptor::kTcp));
  EXPECT_TRUE(FdIs(udp.get(), PlanDescriptor::kUdp));
  EXPECT_TRUE(FdIs(kernel.get(), PlanDescriptor::kOnKernelFs));
  EXPECT_FALSE(FdIs(kernel.get(), PlanDescriptor::kOnDisk));
  EXPECT_TRUE(FdIs(memory.get(), PlanDescriptor::kOnTmpfs));
  EXPECT_TRUE(FdIs(device.get(), PlanDescriptor::kDevice));
  EXPECT_TRUE(FdIs(-1, PlanDescriptor::kClosed));
  EXPECT_TRUE(HoldsOf(static_cast<uint64_t>(udp.get()),
                      {PlanCondition::kDescriptorIsNot, 0, PlanDescriptor::kTcp}));
}

TEST(ConditionsTest, KnowsWhatAStreamIsAboutToDo) {
  FILE* stream = tmpfile();
  ASSERT_NE(stream, nullptr);
  const PlanCondition output{PlanCondition::kStreamIs, 0, PlanStream::kHasOutput};
  const PlanCondition input{PlanCondition::kStreamIs, 0, PlanStream::kNeedsInput};
  EXPECT_FALSE(HoldsOf(Address(stream), output));
  fputs("text", stream);
  EXPECT_TRUE(HoldsOf(Address(stream), output));
  rewind(stream);
  EXPECT_FALSE(HoldsOf(Address(stream), output));
  EXPECT_TRUE(HoldsOf(Address(stream), input));
  EXPECT_EQ(fgetc(stream), 't');
  EXPECT_FALSE(HoldsOf(Address(stream), input)) << "the rest is in its buffer";
  const PlanCondition pipe{PlanCondition::kDescriptorIs, 0, PlanDescriptor::kPipe,
                           PlanCondition::kStreamArgument};
  PlanCondition file = pipe;
  file.value = PlanDescriptor::kFile;
  EXPECT_TRUE(HoldsOf(Address(stream), file));
  EXPECT_FALSE(HoldsOf(Address(stream), pipe));
  fclose(stream);
}

TEST(ConditionsTest, KnowsWhetherMemoryMustGrow) {
  void* piece = malloc(100);
  const uint64_t kept[6] = {Address(piece), 50};
  const uint64_t grown[6] = {Address(piece), 5000};
  const uint64_t freed[6] = {Address(piece), 0};
  const uint64_t product[6] = {Address(piece), 100, 100};
  const uint64_t fresh[6] = {0, 1};
  EXPECT_FALSE(Holds(PlanCondition::kGrows, 0, 1, kept));
  EXPECT_TRUE(Holds(PlanCondition::kGrows, 0, 1, grown));
  EXPECT_FALSE(Holds(PlanCondition::kGrows, 0, 1, freed));
  EXPECT_TRUE(Holds(PlanCondition::kGrows, 0, 1 | (2 + 1) << 8, product));
  EXPECT_TRUE(Holds(PlanCondition::kGrows, 0, 1, fresh));
  EXPECT_TRUE(Holds(PlanCondition::kAboveArgument, 1, 0, fresh));
  EXPECT_FALSE(Holds(PlanCondition::kAboveArgument, 0, 1, fresh));
  free(piece);
}

TEST(ConditionsTest, KnowsTheEnvironmentTheThreadAndTheLimits) {
  setenv("CONDITIONS_TEST", "1", 1);
  EXPECT_FALSE(HoldsOf(Address("CONDITIONS_TEST=2"), {PlanCondition::kNewVariable}));
  EXPECT_TRUE(HoldsOf(Address("CONDITIONS_TES=2"), {PlanCondition::kNewVariable}));
  EXPECT_FALSE(HoldsOf(pthread_self(), {PlanCondition::kOtherThread}));
  EXPECT_TRUE(HoldsOf(pthread_self() + 64, {PlanCondition::kOtherThread}));
  EXPECT_EQ(HoldsOf(0, {PlanCondition::kNotRoot}), geteuid() != 0);
  rlimit limit{};
  getrlimit(RLIMIT_CORE, &limit);
  const uint64_t same[6] = {RLIMIT_CORE, Address(&limit)};
  EXPECT_FALSE(Holds(PlanCondition::kRaisesLimit, 1, 0, same));
}

TEST(ConditionsTest, LeaveErrnoAlone) {
  errno = 77;
  FdIs(-1, PlanDescriptor::kFile);
  HoldsOf(Address("/no/such/file"), {PlanCondition::kPathOnHugetlbfs});
  EXPECT_EQ(errno, 77);
}

}  // namespace
}  // namespace faultline::agent
