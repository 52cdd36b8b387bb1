// `faultline run --remote`: points of a live target are switched by hand.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class CliRemoteTest : public CliTest {
 protected:
  CliRemoteTest() : keyboard_file_(directory_ / "keyboard") {
    ::mkfifo(keyboard_file_.c_str(), 0600);
    keyboard_ = UniqueFd(::open(keyboard_file_.c_str(), O_RDWR | O_CLOEXEC));  // waits for nobody
  }

  // faultline run --remote of a scenario without faults, with this file as its standard input.
  static std::vector<std::string> Remote(const std::string& input) {
    std::vector<std::string> argv = {"/bin/sh", "-c", "exec \"$@\" <" + input, "sh"};
    for (std::string& word : Faultline({"run", Scenario("reference/bdev.yaml"), "--remote"})) {
      argv.push_back(std::move(word));
    }
    return argv;
  }

  // What stands between the two in the first line that has both.
  static std::string Between(const std::string& text, const std::string& before,
                             const std::string& after) {
    const size_t begin = text.find(before);
    const size_t end = begin == std::string::npos ? begin : text.find(after, begin + before.size());
    return end == std::string::npos
               ? ""
               : text.substr(begin + before.size(), end - begin - before.size());
  }

  std::string keyboard_file_;
  UniqueFd keyboard_;
};

TEST_F(CliRemoteTest, APointThatIsSwitchedOnByHandFails) {
  TestProgram run(Remote(keyboard_file_), options_);
  ASSERT_TRUE(run.AwaitOutput("Press Enter")) << run.output();
  const std::string prefix = Between(run.output(), "fiu-ctrl -f ", " -c");
  const std::string pid = Between(run.output(), "(process ", ")");
  TestProgram control(
      {"/usr/bin/fiu-ctrl", "-f", prefix, "-c", "enable name=libc/socket/recv", pid}, {});
  ASSERT_EQ(control.Wait(), 0) << control.output();
  // It returns once the target has closed the connection.
  TestProgram client({"/usr/bin/python3", "-c",
                      "import socket, sys\n"
                      "client = socket.socket(socket.AF_UNIX)\n"
                      "client.connect(sys.argv[1])\n"
                      "try:\n"
                      "    client.send(b'{')\n"
                      "    client.recv(1)\n"
                      "except ConnectionError:\n"
                      "    pass\n",
                      Between(run.output(), "its RPC socket: ", "\n")},
                     {});
  ASSERT_EQ(client.Wait(), 0) << client.output();
  ASSERT_EQ(::write(keyboard_.get(), "\n", 1), 1);
  EXPECT_EQ(run.Wait(), 0) << run.output();
  // That of the scenario's own connection and this client's.
  EXPECT_THAT(run.output(), HasSubstr("calls that failed by hand: 2\n"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

TEST_F(CliRemoteTest, ARunWithoutAKeyboardGoesOn) {
  TestProgram run(Remote("/dev/null"), options_);
  EXPECT_EQ(run.Wait(), 0) << run.output();
  EXPECT_THAT(run.output(), HasSubstr("calls that failed by hand: 0\n"));
}

}  // namespace
}  // namespace faultline
