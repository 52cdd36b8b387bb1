#include "harness/run/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>

#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SandboxTest : public testing::Test {
 protected:
  RunRequest Request() const { return RunRequest{scenario_, profile_, catalogue_}; }

  Scenario scenario_;
  Profile profile_;
  Catalogue catalogue_;
};

TEST_F(SandboxTest, IsPrivateAndGoneAfterwards) {
  const RunRequest request = Request();
  std::filesystem::path directory;
  {
    const Sandbox sandbox(request);
    directory = sandbox.run_dir();
    struct stat status = {};
    ASSERT_EQ(::stat(directory.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(SandboxTest, ArgumentsComeInOrderAndWithTheRunsValues) {
  profile_.args = {"--no-pci", "-r", "${rpc_socket}"};
  profile_.args_without_hugetlbfs = {"--no-huge"};
  profile_.args_with_hugetlbfs = {"--huge-dir", "${huge_dir}"};
  scenario_.extra_args = {"--file-prefix=${file_prefix}"};
  profile_.app_args = {"--", "-i"};
  const RunRequest request = Request();
  const Sandbox sandbox(request);
  const std::string prefix = sandbox.variables().at("file_prefix");
  EXPECT_THAT(sandbox.TargetOptions().args,
              ElementsAre("--no-pci", "-r", sandbox.run_dir() / "rpc.sock", "--no-huge",
                          "--file-prefix=" + prefix, "--", "-i"));
}

TEST_F(SandboxTest, TheScenariosEnvironmentWinsOverTheProfiles) {
  profile_.environment = {{"A", "profile"}, {"B", "${run_dir}"}};
  scenario_.environment = {{"A", "scenario"}};
  const RunRequest request = Request();
  const Sandbox sandbox(request);
  const auto environment = sandbox.TargetOptions().environment;
  EXPECT_EQ(environment.at("A"), "scenario");
  EXPECT_EQ(environment.at("B"), sandbox.run_dir());
  EXPECT_EQ(environment.count("PATH"), 1u);
}

TEST_F(SandboxTest, WhatIsPreloadedIntoTheTargetIsNotForCommands) {
  profile_.environment = {{"LD_PRELOAD", "liblsan.so.0"}, {"A", "profile"}};
  const RunRequest request = Request();
  const Sandbox sandbox(request);
  EXPECT_EQ(sandbox.TargetOptions().environment.at("LD_PRELOAD"), "liblsan.so.0");
  const auto commands = sandbox.CommandEnvironment();
  EXPECT_EQ(commands.at("A"), "profile");
  const auto preload = commands.find("LD_PRELOAD");  // faultline's own, where it has one
  EXPECT_TRUE(preload == commands.end() || preload->second != "liblsan.so.0");
}

TEST_F(SandboxTest, WhatAppearedSinceTheMarkIsLeftBehind) {
  const RunRequest request = Request();
  Sandbox sandbox(request);
  std::ofstream(sandbox.run_dir() / "prepared") << "x";
  std::ofstream(sandbox.private_dir() / "journal") << "x";
  sandbox.MarkBefore();
  EXPECT_THAT(sandbox.LeftInRunDir(), IsEmpty());
  const std::string prefix = sandbox.variables().at("file_prefix");
  std::filesystem::create_directories(sandbox.run_dir() / "dpdk" / prefix);
  std::ofstream(sandbox.run_dir() / "dpdk" / prefix / "config") << "x";
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  sandbox.rpc_socket().string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_THAT(sandbox.LeftInRunDir(),
              ElementsAre("file ${run_dir}/dpdk/${file_prefix}/config", "socket ${rpc_socket}"));
}

TEST_F(SandboxTest, NamesOfItsValuesAreGoneBackFrom) {
  const RunRequest request = Request();
  Sandbox sandbox(request);
  const std::string lock = sandbox.rpc_socket().string() + ".lock";
  EXPECT_EQ(sandbox.Generalise("file " + lock), "file ${rpc_socket}.lock");
  EXPECT_EQ(sandbox.Specialise("file ${rpc_socket}.lock"), "file " + lock);
}

TEST_F(SandboxTest, ReplacesAPidOnlyWhereItStandsAlone) {
  const RunRequest request = Request();
  Sandbox sandbox(request);
  sandbox.SetPid(204);
  EXPECT_EQ(sandbox.Generalise("/dev/shm/trace.pid204"), "/dev/shm/trace.pid${pid}");
  EXPECT_EQ(sandbox.Generalise("fbarray_2048k-204-0_204"), "fbarray_2048k-${pid}-0_${pid}");
}

TEST_F(SandboxTest, ArgumentsMayNameTheRunsCpusAndTextsKeepTheirNumbers) {
  profile_.args = {"--no-pci", "--lcores=0@${cpu},1@${second_cpu}"};
  const RunRequest request = Request();
  const Sandbox one(request);
  const std::string cpu = one.variables().at("cpu");
  const std::string text = "lcore " + cpu + " " + one.variables().at("second_cpu");
  EXPECT_EQ(one.TargetOptions().args[1],
            "--lcores=0@" + cpu + ",1@" + one.variables().at("second_cpu"));
  EXPECT_EQ(one.Generalise(text), text);
}

TEST(AddPreloadTest, KeepsWhatMustComeFirst) {
  EXPECT_EQ(AddPreload("", "/agent.so"), "/agent.so");
  EXPECT_EQ(AddPreload("/libasan.so", "/agent.so"), "/libasan.so:/agent.so");
}

}  // namespace
}  // namespace faultline
