#include "harness/target/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "harness/base/failure.h"
#include "harness/target/orphans.h"
#include "harness/target/pidfd.h"
#include "harness/target/proc_status.h"
#include "harness/target/random_name.h"
#include "harness/target/run_processes.h"
#include "harness/target/safety.h"
#include "harness/target/stdio.h"
#include "harness/target/supervisor.h"

namespace faultline {
namespace {

constexpr int kKillLimitMs = 10'000;
// Where the target itself has had those in vain.
constexpr int kLastLimitMs = 500;

// Pointers as execve(2) wants them; valid as long as `strings` does not change.
std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Argv(const SpawnOptions& options) {
  std::vector<std::string> argv = {options.program.native()};
  argv.insert(argv.end(), options.args.begin(), options.args.end());
  return argv;
}

std::vector<std::string> Environment(const SpawnOptions& options) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : options.environment) {
    if (name != kRunIdVariable) {
      environment.push_back(name + "=" + value);
    }
  }
  environment.push_back(fmt::format("{}={}", kRunIdVariable, options.run_id));
  // The agent takes its own name out of LD_PRELOAD in place. What the kernel shows of the
  // environment then seems to end there, and LeakSanitizer reads its options from that: so it comes
  // last.
  std::stable_partition(environment.begin(), environment.end(),
                        [](const std::string& entry) { return !entry.starts_with("LD_PRELOAD="); });
  return environment;
}

std::string LibraryPath(const SpawnOptions& options) {
  const auto found = options.environment.find("LD_LIBRARY_PATH");
  return found == options.environment.end() ? std::string() : found->second;
}

void PrepareHarness() {
  AdoptOrphans();
  // A target that closes its stdin must not end the harness.
  signal(SIGPIPE, SIG_IGN);
}

std::unique_ptr<Supervisor> StartSupervisor(const SpawnOptions& options, const Stdio& stdio) {
  std::vector<std::string> argv = Argv(options);
  std::vector<std::string> environment = Environment(options);
  const std::vector<char*> argv_pointers = Pointers(argv);
  const std::vector<char*> environment_pointers = Pointers(environment);
  SupervisorPlan plan;
  plan.trace = options.trace;
  plan.stop_mark = options.stop_mark;
  plan.detaches = options.detaches;
  plan.follow_program = options.follow_program;
  plan.follow_number = options.follow_number;
  plan.proof = {options.proof_function, options.required_args};
  plan.proof_is_asked = options.proof_is_asked;
  plan.child.program = options.program.c_str();
  plan.child.argv = argv_pointers.data();
  plan.child.envp = environment_pointers.data();
  plan.child.working_dir = options.working_dir.c_str();
  plan.child.input_fd = stdio.child_input.get();
  plan.child.output_fd = stdio.child_output.get();
  plan.child.terminal = options.terminal;
  if (options.space != nullptr) {
    plan.child.mounts_fd = options.space->mounts();
    plan.child.network_fd = options.space->network();
  }
  if (!options.read_only_dir.empty()) {
    plan.child.read_only_dir = options.read_only_dir.c_str();
    plan.child.writable_dir = options.writable_dir.c_str();
  }
  std::vector<ChildLimit> limits;
  for (const auto& [resource, value] : options.limits) {
    limits.push_back({resource, {.rlim_cur = value, .rlim_max = value}});
  }
  plan.child.limits = limits.data();
  plan.child.limit_count = limits.size();
  for (const int fd : options.closed_descriptors) {
    plan.child.close_stdio[fd] = true;
  }
  return std::make_unique<Supervisor>(plan);
}

}  // namespace

class Process::Impl {
 public:
  explicit Impl(const SpawnOptions& options)
      : run_id(options.run_id), stdio(options.terminal ? MakeTerminal() : MakePipes()) {
    PrepareHarness();
    supervisor = StartSupervisor(options, stdio);
    fstat(stdio.child_output.get(), &output);
    fstat(stdio.child_input.get(), &input);
    stdio.child_input.reset();
    stdio.child_output.reset();
  }

  Impl(const MakeTargetThere& make, Stdio ends, const SpawnOptions& options)
      : run_id(options.run_id), stdio(std::move(ends)) {
    PrepareHarness();
    fstat(stdio.child_output.get(), &output);
    fstat(stdio.child_input.get(), &input);
    supervisor = std::make_unique<Supervisor>(make, options.stop_mark);
    stdio.child_input.reset();
    stdio.child_output.reset();
  }

  std::string run_id;
  Stdio stdio;
  struct stat input {};  // of the target's ends
  struct stat output {};
  std::unique_ptr<Supervisor> supervisor;
  std::optional<TargetEnd> end;
  ExitStatus not_ended;
  std::optional<StackSnapshot> no_crash;
  bool finished = false;
};

Process::Process(const SpawnOptions& options) {
  if (options.proof_function.empty()) {
    CheckSafeToStart(options.program, options.args, options.required_args, LibraryPath(options));
  } else {
    CheckSafeToWatch(options.program, options.args);
  }
  impl_ = std::make_unique<Impl>(options);
}

Process::Process(const MakeTargetThere& make, Stdio stdio, const SpawnOptions& options)
    : impl_(std::make_unique<Impl>(make, std::move(stdio), options)) {}

Process::Process(Process&& other) noexcept = default;

Process::~Process() {
  if (impl_ != nullptr) {
    Finish(0);
  }
}

pid_t Process::pid() const { return impl_->supervisor->pid(); }
Clock::time_point Process::start_time() const { return impl_->supervisor->start_time(); }
bool Process::traced() const { return impl_->supervisor->traced(); }
const std::string& Process::trace_note() const { return impl_->supervisor->trace_note(); }
int Process::output_fd() const { return impl_->stdio.output.get(); }
bool Process::followed() const { return impl_->supervisor->followed(); }
void Process::Settle() { impl_->supervisor->Settle(); }
int Process::event_fd() const { return impl_->supervisor->end_fd(); }

struct stat Process::input_file() const {
  return impl_->input;
}
struct stat Process::output_file() const {
  return impl_->output;
}

bool Process::IsOutput(int fd) const {
  struct stat file {};
  if (stat(fmt::format("/proc/{}/fd/{}", pid(), fd).c_str(), &file) != 0) {
    return fd == 1 || fd == 2;
  }
  return file.st_dev == impl_->output.st_dev && file.st_ino == impl_->output.st_ino;
}

int Process::stop_fd() const { return impl_->supervisor->stop_fd(); }

std::set<pid_t> Process::StoppedThreads() {
  eventfd_t count = 0;
  eventfd_read(impl_->supervisor->stop_fd(), &count);
  return impl_->supervisor->StoppedThreads();
}

void Process::Resume(const std::set<pid_t>& threads) { impl_->supervisor->Resume(threads); }

void Process::OnEvent() {
  eventfd_t count = 0;
  eventfd_read(impl_->supervisor->end_fd(), &count);
  if (!impl_->end) {
    impl_->end = impl_->supervisor->End();
  }
}

std::optional<ExecutedProgram> Process::replaced_by() const {
  return impl_->supervisor->replaced_by();
}

std::vector<ChildProgram> Process::child_programs() const {
  return impl_->supervisor->child_programs();
}

bool Process::proof_wanted() const { return impl_->supervisor->proof_wanted(); }
void Process::AnswerProof(const std::string& refusal) { impl_->supervisor->AnswerProof(refusal); }
bool Process::proven() const { return impl_->supervisor->proven(); }
bool Process::has_children() const { return impl_->supervisor->has_children(); }

std::string Process::refusal() const { return impl_->supervisor->refusal(); }

bool Process::exited() const { return impl_->end.has_value(); }

const ExitStatus& Process::exit_status() const {
  return impl_->end ? impl_->end->status : impl_->not_ended;
}

int64_t Process::exit_time_ms() const { return impl_->end ? impl_->end->time_ms : 0; }
int64_t Process::cpu_time_ms() const { return impl_->end ? impl_->end->cpu_ms : 0; }

const std::optional<StackSnapshot>& Process::crash_stacks() const {
  return impl_->end ? impl_->end->crash : impl_->no_crash;
}

bool Process::ended_in_handler() const { return impl_->end && impl_->end->in_handler; }

bool Process::Write(std::string_view text, Deadline deadline) {
  while (!text.empty()) {
    const ssize_t written = write(impl_->stdio.input.get(), text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EAGAIN) {
      pollfd entry = {.fd = impl_->stdio.input.get(), .events = POLLOUT, .revents = 0};
      if (poll(&entry, 1, PollTimeoutMs(deadline)) == 0) {
        return false;
      }
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void Process::CloseInput() { impl_->stdio.input.reset(); }

void Process::Signal(int signal) {
  pidfd_send_signal(impl_->supervisor->pidfd(), signal, nullptr, 0);
}

StackSnapshot Process::CaptureStacks(int limit_ms) {
  return impl_->supervisor->CaptureStacks(limit_ms);
}

void Process::Kill() {
  impl_->supervisor->Kill();
  impl_->supervisor->WaitEnd();
  OnEvent();
}

std::vector<std::string> Process::Finish(int grace_ms) {
  if (std::exchange(impl_->finished, true)) {
    return {};
  }
  Kill();
  std::vector<std::string> killed = impl_->supervisor->Finish(grace_ms);
  if (traced()) {
    ReapOrphans(impl_->supervisor->seen_processes());
  } else {
    // Without ptrace nobody has told of descendants: they are looked for.
    for (const RunProcess& process : KillRunProcesses(
             impl_->run_id, InMs(grace_ms), InMs(exited() ? kKillLimitMs : kLastLimitMs))) {
      if (process.pid == pid()) {
        continue;  // it cannot be killed, and the supervisor has said so
      }
      killed.push_back(fmt::format("process {} {}", process.pid, process.name));
    }
    ReapOrphans(AllPids());
  }
  return killed;
}

std::string NewRunId() { return RandomHex(16); }

std::map<std::string, std::string> OwnEnvironment() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

}  // namespace faultline
