#include "harness/agent/testing/victim_run.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "harness/base/unique_fd.h"

namespace faultline::agent {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;

  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      throw std::runtime_error("pipe2");
    }
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
};

}  // namespace

VictimRun::VictimRun() {
  plan.journal_path = directory() / "journal";
  plan.AddModule(program(), /*is_main=*/true);
}

std::filesystem::path VictimRun::program() {
  return std::filesystem::path(FAULTLINE_BINARY_DIR) / "faultline_agent_victim";
}

std::filesystem::path VictimRun::plugin() {
  return std::filesystem::path(FAULTLINE_BINARY_DIR) / "libfaultline_agent_plugin.so";
}

VictimResult VictimRun::Run(const std::vector<std::string>& arguments, const OnOutput& on_output) {
  std::vector<std::byte> bytes = plan.Build();
  JournalFile journal = JournalFile::Create(plan.journal_path, bytes);
  if (damage_plan) {
    damage_plan(*reinterpret_cast<protocol::PlanHeader*>(bytes.data()));
  }
  const std::filesystem::path plan_path = directory() / "plan";
  std::ofstream(plan_path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));

  std::vector<std::string> argv = {program()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const std::string agent = FAULTLINE_BINARY_DIR "/libfaultline_agent.so";
  std::vector<std::string> environment = {
      "LD_PRELOAD=" + (preload_before.empty() ? agent : preload_before + ":" + agent),
      "FAULTLINE_PLAN=" + plan_path.string(), "KEPT=yes"};

  Pipe input;
  Pipe output;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.read_end.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.write_end.get(), STDOUT_FILENO);
  pid_t child = 0;
  const int error = posix_spawn(&child, argv[0].c_str(), &actions, nullptr, Pointers(argv).data(),
                                Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw std::runtime_error("posix_spawn " + argv[0]);
  }
  output.write_end.reset();
  if (!on_output) {
    input.write_end.reset();
  }

  VictimResult result;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(output.read_end.get(), buffer, sizeof(buffer))) > 0;) {
    const std::string piece(buffer, static_cast<size_t>(size));
    result.output += piece;
    if (on_output) {
      on_output(piece, input.write_end.get(), journal);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.journal = journal.Read();
  return result;
}

}  // namespace faultline::agent
