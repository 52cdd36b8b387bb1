// Programs that nobody has described, and what lies beside a scenario: small servers in Python.
#include <gmock/gmock.h>

#include <filesystem>

#include "harness/base/files.h"
#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Ends when a client says HALT. When a client cannot be accepted it goes on, or, with `deaf`,
// listens no longer.
constexpr char kServer[] = R"py(
import os, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print("ready", flush=True)
while True:
    try:
        client, _ = listener.accept()
    except OSError as error:
        print("ERROR: accept:", error, flush=True)
        if sys.argv[2] == "deaf":
            listener.close()
            while True:
                signal.pause()
        continue
    if client.recv(4) == b"HALT":
        os._exit(0)
)py";

constexpr char kHalt[] = R"py(
import socket, sys
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
server.sendall(b"HALT")
print(sys.argv[2] if not server.recv(1) else "?")
)py";

class CliOwnProgramTest : public CliTest {
 protected:
  CliOwnProgramTest() {
    Write("profiles/server.yaml",
          "faultline: 1\nprogram: /usr/bin/python3\nvariables: {mode: plain}\n"
          "args: [-I, -S, \"${file_dir}/server.py\", \"${free_port}\", \"${mode}\"]\n"
          "ready: {log: ^ready}\n"
          "stop: {run: [/usr/bin/python3, \"${scenario_dir}/halt.py\", \"${free_port}\", bye]}\n"
          "catalogues: [libc-socket]\nerror_lines: [\"^ERROR\"]\nlimits: {start: 30s, stop: 4s}\n");
    Write("profiles/server.py", kServer);
    scenario_ = Write("own/s.yaml",
                      "faultline: 1\nprofile: ../profiles/server.yaml\n"
                      "faults: [{point: libc/socket/accept4}]\nsteps: [wait_ready]\n");
  }
  std::string scenario_;
};

TEST_F(CliOwnProgramTest, WhatLiesBesideAScenarioIsLookedForBeforeAnythingStarts) {
  for (const char* command : {"run", "lint"}) {
    const Result result = Run({command, scenario_});
    EXPECT_EQ(result.exit, 2) << result.output;
    EXPECT_THAT(result.output, AllOf(HasSubstr("profiles/server.yaml:6:14: "),
                                     HasSubstr("/own/halt.py`: there is no such file")));
  }
}

// Tempting: it does not end at its stop command, so it hangs.
TEST_F(CliOwnProgramTest, ATargetThatIsDeafToItsStopCommandIsSaidToBeSo) {
  Write("own/halt.py", kHalt);
  const Result deaf = Run({"run", scenario_, "--set", "mode=deaf", "--json", ReportPath()});
  EXPECT_EQ(deaf.exit, 1) << deaf.output;
  EXPECT_THAT(Kinds(Report()), ElementsAre("expectation"));
  EXPECT_THAT(deaf.output, HasSubstr("deaf to its stop command"));
  // The client that the failed call was about is refused, and the next one is served.
  const Result result = Run({"run", scenario_});
  EXPECT_EQ(result.exit, 0) << result.output;
}

TEST_F(CliOwnProgramTest, InitFindsTheWordThatEndsAProgramAtItsPrompt) {
  std::filesystem::create_directory(directory_ / "state");
  const Result result =
      Run({"init", "--dir", directory_ / "new", "--name", "fresh", "/bin/sh", "--", "-c",
           "trap '' TERM; echo ready; while read line; do "
           "[ \"$line\" = quit ] && exit 0; done",
           "sh", directory_ / "state"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(ReadFile(directory_ / "new/profiles/fresh.yaml").value_or(""),
              AllOf(HasSubstr("it ignores SIGTERM"), HasSubstr("- \"${run_dir}\""),
                    HasSubstr("stop: {type: \"quit\\n\"}")));
  EXPECT_THAT(result.output, Not(HasSubstr("--own")));  // the system's
}

// Of a daemon that a script executes once helpers have found it, as pyenv's do.
TEST_F(CliOwnProgramTest, InitSeesWhenADaemonIsUpThatSaysNothing) {
  const std::string daemon =
      Write("daemon.py",
            "import os, signal, sys\n"
            "up, say = os.pipe()\nif os.fork():\n  os.read(up, 1), sys.exit(0)\n"
            "os.setsid()\n"
            "null = os.open('/dev/null', os.O_RDWR)\n"
            "os.dup2(null, 1), os.dup2(null, 2)\n"
            "pid = os.path.join(sys.argv[1], 'd.pid')\n"
            "signal.signal(signal.SIGTERM, lambda *_: (os.unlink(pid), os._exit(0)))\n"
            "open(pid, 'w').write(str(os.getpid()))\nos.write(say, b'.')\n"
            "while True:\n  signal.pause()\n");
  const std::string script =
      Write("daemon",
            "#!/usr/bin/env bash\nx=$(readlink /proc/self)\ny=$(basename /a/b)\n"
            "exec /usr/bin/python3 -I -S " +
                daemon + " \"$@\"\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const Result result =
      Run({"init", "--dir", directory_ / "new", "--name", "fresh", script, "--", "${run_dir}"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(ReadFile(directory_ / "new/profiles/fresh.yaml").value_or(""),
              AllOf(HasSubstr("detaches: true"), HasSubstr("ready: {file: \"${run_dir}/d.pid\"}")));
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("it executes /usr/bin/python3"), Not(HasSubstr("--own"))));
}

// A signal that merely kills it shows nothing of how it ends.
TEST_F(CliOwnProgramTest, InitSaysWhenNothingOfTheEndIsTested) {
  const std::string program =
      Write("server",
            "import signal, socket, sys\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
            "tcp, unix = socket.socket(), socket.socket(socket.AF_UNIX)\n"
            "tcp.bind(('127.0.0.1', int(sys.argv[1])))\nunix.bind(sys.argv[2])\n"
            "tcp.listen()\nunix.listen()\nprint('ready', flush=True)\nsignal.pause()\n");
  const Result result =
      Run({"init", "--dir", directory_ / "new", "--name", "fresh", "--own", "/usr/bin/python3",
           "--", "-I", program, "${free_port}", "${run_dir}/s.sock"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(ReadFile(directory_ / "new/profiles/fresh.yaml").value_or(""),
              AllOf(HasSubstr("- \"${free_port}\""), HasSubstr("- \"${run_dir}/s.sock\""),
                    HasSubstr("It ignores SIGTERM and SIGINT merely kills it"),
                    HasSubstr("It listens at TCP port "),
                    HasSubstr("It listens at the UNIX socket ${run_dir}/s.sock.\n")));
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("a sweep sees nothing of its end"), HasSubstr(" --own --points ")));
}

// Tempting: the directory is the first one's.
TEST_F(CliOwnProgramTest, WhatTheSecondTargetLeavesInASharedDirectoryIsItsOwn) {
  const std::string begin =
      "import os, signal, socket\nsignal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n";
  const std::string end = "print('ready', flush=True)\nsignal.pause()\n";
  Write("profiles/one.py", begin + end);
  Write("profiles/two.py", begin +
                               "os.open('table.tmp', os.O_CREAT | os.O_WRONLY)\n"
                               "try:\n  socket.socket()\n  os.unlink('table.tmp')\n"
                               "except OSError as error:\n  print('ERROR:', error, flush=True)\n" +
                               end);
  const std::string profile =
      "faultline: 1\nprogram: /usr/bin/python3\nready: {log: ^ready}\n"
      "catalogues: [libc-socket, observers-libc]\nargs: [-I, -S, \"${file_dir}/";
  Write("profiles/one.yaml", profile + "one.py\"]\n");
  Write("profiles/two.yaml", profile + "two.py\"]\n");
  const Result result =
      Run({"run",
           Write("shared.yaml",
                 "faultline: 1\ntargets:\n  one: {profile: one}\n"
                 "  two: {profile: two, shares: {run_dir: one}}\n"
                 "faults: [{point: libc/socket/socket, target: two}]\n"
                 "steps:\n  - {wait_ready: , target: one}\n  - {wait_ready: , target: two}\n"),
           "--json", ReportPath()});
  EXPECT_EQ(result.exit, 1) << result.output;
  ASSERT_THAT(Kinds(Report()), ElementsAre("leak")) << result.output;
  EXPECT_EQ(Report().at("findings").at(0).at("target"), "two");
}

// A script is read by a program of the system; what that executes is the target.
TEST_F(CliOwnProgramTest, AScriptIsSeenThrough) {
  const std::string script = Write(
      "start.sh", "#!/bin/sh\n\"$1/faultline-lives\" plain &\ntrap 'kill $!' TERM\nwait\nwait\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const Result result = Run(
      {"init", "--dir", directory_ / "new", "--name", "fresh", script, "--", FAULTLINE_BINARY_DIR});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("faultline-lives in a child, which is the target"),
                    HasSubstr("passes without faults"), HasSubstr(" --own --points ")));
}

// Nothing tells which of them is the target: the first is silent, the second says that it is ready.
TEST_F(CliOwnProgramTest, AWrapperThatStartsTheTargetTwiceIsRefused) {
  const std::string script =
      "/usr/bin/python3 -c 'import signal; signal.pause()' & "
      "until grep -q python3 /proc/$!/comm; do :; done; "
      "/usr/bin/python3 -c 'import signal; print(\\\"ready\\\", flush=True); signal.pause()' & "
      "wait";
  Write("twice.yaml",
        "faultline: 1\nprogram: /bin/sh\nready: {log: ^ready}\nclean_signals: [SIGTERM]\n"
        "catalogues: [observers-libc]\nargs: [-c, \"" +
            script + "\"]\n");
  const Result result =
      Run({"run", Write("t.yaml", "faultline: 1\nprofile: ./twice.yaml\nsteps: [wait_ready]\n")});
  EXPECT_EQ(result.exit, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("more than once, and any of these processes may be"));
}

// It is not traced under gdb, so that a start before shows what it hands on.
TEST_F(CliOwnProgramTest, WhatRunsUnderGdbIsProvenBefore) {
  Write("profiles/lying.yaml",
        "faultline: 1\nprogram: " FAULTLINE_BINARY_DIR
        "/target_fake_eal\nargs: [\"${run_dir}/arguments\", --no-pci]\n"
        "required_args: [--no-pci]\nready: {log: begun}\ncatalogues: [libc-memory]\n");
  const Result result =
      Run({"run", "--gdb",
           Write("s.yaml",
                 "faultline: 1\nprofile: lying\nprepare:\n"
                 "  - run: [sh, -c, \"echo --no-huge > arguments\"]\nsteps: [wait_ready]\n")});
  EXPECT_EQ(result.exit, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("--no-pci is not among them"));
}

// A sanitizer's runtime traces it instead. What the scenario's argument keeps from being shown is
// shown without it.
TEST_F(CliOwnProgramTest, AnArgumentThatTheProgramRefusesIsNoLackOfProof) {
  const std::string head = "faultline: 1\nprogram: " FAULTLINE_BINARY_DIR "/target_fake_eal\n";
  const std::string rest =
      "required_args: [--no-pci]\nready: {log: begun}\ncatalogues: [libc-memory]\n"
      "environment: {LD_PRELOAD: liblsan.so.0}\n";
  Write("profiles/strict.yaml", head + "args: [\"${scenario_dir}/arguments\", --no-pci]\n" + rest);
  Write("profiles/refused.yaml",
        head + "args: [\"${scenario_dir}/arguments\", --no-pci, --refused]\n" + rest);
  Write("arguments", "--no-pci\n--no-huge\n");
  const auto run = [&](const std::string& profile, const std::string& arguments) {
    return Run({"run", Write("s.yaml", "faultline: 1\nprofile: " + profile + "\n" + arguments +
                                           "tolerance: may_fail_cleanly\n"
                                           "steps: [{wait_exit: 1}]\n")});
  };
  Result result = run("strict", "extra_args: [--refused]\n");
  EXPECT_EQ(result.exit, 0) << result.output;
  Write("arguments", "--no-huge\n");
  result = run("strict", "extra_args: [--refused]\n");
  EXPECT_EQ(result.exit, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("--no-pci is not among them"));
  result = run("refused", "");
  EXPECT_EQ(result.exit, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("did not come to call it"));
}

}  // namespace
}  // namespace faultline
