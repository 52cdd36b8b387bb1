#include "harness/run/live_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "harness/base/failure.h"
#include "harness/planner/sanitizer_runtime.h"
#include "harness/protocol/plan.h"
#include "harness/run/arguments_proof.h"

namespace faultline {
namespace {

// Long enough for a thousand threads; a target that hangs can wait.
constexpr int kCaptureLimitMs = 5'000;

// The loader takes a space or a colon in LD_PRELOAD for the end of a path: an agent in such a
// directory is reached by a link in the run's own.
std::filesystem::path Preloadable(const std::filesystem::path& agent, const Sandbox& sandbox) {
  if (agent.native().find_first_of(" :") == std::string::npos) {
    return agent;
  }
  const std::filesystem::path link = sandbox.private_dir() / agent.filename();
  std::error_code error;
  std::filesystem::create_symlink(agent, link, error);
  return error ? agent : link;
}

std::optional<FileMark> ReadyFileBefore(const RunRequest& request, const Sandbox& sandbox) {
  const ReadyCondition& ready = request.profile.ready;
  if (ready.kind != ReadyCondition::Kind::kFile) {
    return std::nullopt;
  }
  try {
    return MarkAt(ready.value, sandbox);
  } catch (const MissingValue&) {
    return std::nullopt;  // ${pid}: what is named after it cannot be there yet
  }
}

// What is waited for once it was asked to end, as StopAskedBy() reads it.
std::string WaitForEnd(StopAction::Kind asked_by) {
  switch (asked_by) {
    case StopAction::Kind::kSignal:
      break;
    case StopAction::Kind::kByItself:
      return "the target to run to its end";
    case StopAction::Kind::kRpc:
      return "the target to end after the stop request";
    case StopAction::Kind::kRun:
      return "the target to end after the stop command";
    case StopAction::Kind::kType:
      return "the target to end after the stop text";
  }
  return "the target to end after the stop signal";
}

}  // namespace

SpawnOptions WithAgent(const Sandbox& sandbox, const RunRequest& request, const Hooking& hooking) {
  SpawnOptions options = sandbox.TargetOptions();
  const std::filesystem::path& sanitizer = hooking.sanitizer_runtime();
  if (!sanitizer.empty()) {
    options.trace = false;
  }
  if (hooking.wanted()) {
    std::string& preload = options.environment["LD_PRELOAD"];
    if (!sanitizer.empty()) {
      preload = PreloadFirst(preload, sanitizer.string());
    }
    preload = AddPreload(preload, Preloadable(request.agent, sandbox));
    options.environment[protocol::kPlanVariable] = hooking.plan_path();
    if (const Executed& executed = request.executed_program; !executed.empty()) {
      if (executed.in_child) {
        options.environment[protocol::kChildVariable] =
            fmt::format("{} {}", executed.number, executed.program.string());
      } else {
        options.environment[protocol::kProgramVariable] = executed.program;
      }
    }
  }
  if (request.executed_program.in_child) {
    options.follow_program = request.executed_program.program;
    options.follow_number = request.executed_program.number;
  }
  return options;
}

LiveRun::LiveRun(const RunRequest& request, Sandbox& sandbox, Hooking& hooking,
                 Companions& companions, EventLoop& loop)
    : LiveRun(request, sandbox, hooking, companions, loop,
              // Braces keep this order.
              Started{ReadyFileBefore(request, sandbox),
                      Process(WithAgent(sandbox, request, hooking))}) {}

LiveRun::LiveRun(const RunRequest& request, Sandbox& sandbox, Hooking& hooking,
                 Companions& companions, EventLoop& loop, Started started)
    : LiveRun(request, sandbox, hooking, companions, loop, std::move(started.process)) {
  before_ready_ = started.before_ready;
}

LiveRun::LiveRun(const RunRequest& request, Sandbox& sandbox, Hooking& hooking,
                 Companions& companions, EventLoop& loop, Process process)
    : request_(request),
      sandbox_(sandbox),
      hooking_(hooking),
      companions_(companions),
      loop_(loop),
      process_(std::move(process)),
      log_(process_.output_fd(), process_.start_time(), sandbox.life_dir() / "log"),
      calls_(request, *this),
      progress_(process_.pid(), log_, hooking, request),
      failed_calls_(request, hooking, process_, sandbox.rpc_socket()) {
  if (calls_.wanted() && !process_.traced()) {
    throw Failure::CannotWork(
        "a fault that does something at a call, or keeps it waiting, needs ptrace, and the " +
        std::string(request.in_debugger ? "debugger has it" : process_.trace_note()));
  }
  if (request.profile.detaches && !process_.traced()) {
    throw Failure::CannotWork(
        "a target that detaches needs ptrace to be followed, and " +
        (request.in_debugger ? std::string("the debugger has it") : process_.trace_note()));
  }
  if (request.executed_program.in_child && hooking.wanted() && !process_.traced()) {
    throw Failure::CannotWork(
        request.program.string() + " executes " + request.executed_program.program.string() +
        " in a child, which needs ptrace to be followed, and " +
        (request.in_debugger             ? std::string("the debugger has it")
         : process_.trace_note().empty() ? std::string("a sanitizer needs it for itself")
                                         : process_.trace_note()));
  }
  TakeTarget();
  loop_.Add(process_.event_fd(), [this] {
    process_.OnEvent();
    if (!request_.profile.detaches) {
      TakeTarget();
    }
  });
  loop_.Add(process_.stop_fd(), [this] {
    process_.StoppedThreads();  // takes the event, since what is done at a call waits in this loop
    if (process_.proof_wanted()) {
      process_.AnswerProof(RefuseByLog(*this));
    }
    if (calls_.wanted()) {
      calls_.Serve();
    }
  });
  if (calls_.wanted()) {
    loop_.Add(calls_.timer_fd(), [this] { calls_.Serve(); });
  }
  loop_.Add(process_.output_fd(), [this] {
    if (!log_.OnReadable()) {
      loop_.Remove(process_.output_fd());
    }
  });
}

LiveRun::~LiveRun() {
  for (const int fd :
       {process_.event_fd(), process_.stop_fd(), process_.output_fd(), calls_.timer_fd()}) {
    loop_.Remove(fd);
  }
  for (const auto& [name, client] : rpcs_) {
    if (client != nullptr) {  // as one whose making found no descriptor
      loop_.Remove(client->fd());
    }
  }
}

const std::shared_ptr<JsonRpcClient>& LiveRun::rpc(const std::string& name) {
  std::shared_ptr<JsonRpcClient>& client = rpcs_[name];
  if (client != nullptr && client->state() == JsonRpcClient::State::kClosed) {
    loop_.Remove(client->fd());
    client.reset();
  }
  if (client == nullptr) {
    client = std::make_shared<JsonRpcClient>(sandbox_.rpc_address(),
                                             is_carrier() ? "faultline-" + NewRunId() : "");
    loop_.Add(client->fd(), [added = client.get()] { added->OnReadable(); });
  }
  return client;
}

std::set<std::shared_ptr<JsonRpcClient>> LiveRun::clients() const {
  std::set<std::shared_ptr<JsonRpcClient>> clients;
  for (const auto& [name, client] : rpcs_) {
    clients.insert(client);
  }
  for (const auto& [step, asked] : unanswered_) {
    clients.insert(asked.client);
  }
  return clients;
}

void LiveRun::Resume(Carried carried) {
  evidence_ = std::move(carried.evidence);
  log_.TakeOver(*carried.log);
  failed_calls_.Know(std::move(carried.sockets));
  rpcs_ = std::move(carried.rpcs);
  unanswered_ = std::move(carried.unanswered);
  for (const auto& [name, client] : rpcs_) {
    loop_.Add(client->fd(), [added = client.get()] { added->OnReadable(); });
  }
  if (carried.asked_to_stop) {
    evidence_.asked_to_stop = true;
    stop_sent_ms_ = 0;
    stop_signal_ = carried.stop_signal;
    stop_mark_ = MarkNow();
  }
}

void LiveRun::StopResuming() {
  for (const std::shared_ptr<JsonRpcClient>& client : clients()) {
    client->StopResuming();
  }
}

bool LiveRun::DropRpc(const std::string& name) {
  const auto found = rpcs_.find(name);
  if (found == rpcs_.end() || found->second->state() != JsonRpcClient::State::kConnected) {
    return false;
  }
  found->second->Drop();
  return true;
}

void LiveRun::BeginStep(int step, const std::string& name) {
  step_ = step;
  if (!name.empty()) {
    calls_.Release(name);
  }
  if (hooking_.wanted()) {
    hooking_.journal().SetStep(static_cast<uint32_t>(step));
  }
  log_.OnReadable();  // what it said so far belongs to the step before
  log_.set_step(step);
}

void LiveRun::TakeTarget() {
  if (process_.pid() != pid_) {
    pid_ = process_.pid();
    sandbox_.SetPid(pid_);
    progress_.SetPid(pid_);
  }
}

bool LiveRun::IsPlanned(const std::string& fault) const {
  return std::any_of(request_.faults.begin(), request_.faults.end(),
                     [&](const Fault& planned) { return planned.id == fault; });
}

void LiveRun::ArmIfPlanned(const std::string& fault) {
  if (IsPlanned(fault)) {
    hooking_.Arm(fault);
    switched_[fault] = true;
  }
}

void LiveRun::DisarmIfPlanned(const std::string& fault) {
  if (IsPlanned(fault)) {
    hooking_.Disarm(fault);
    switched_[fault] = false;
  }
}

void LiveRun::TakeIn() {
  log_.OnReadable();
  for (const auto& [name, client] : rpcs_) {
    client->OnReadable();
  }
}

bool LiveRun::HasReadyFile() const {
  const std::optional<FileMark> now = MarkAt(request_.profile.ready.value, sandbox_);
  return now && now != before_ready_;
}

void LiveRun::NoteStopSignal(int signal) {
  evidence_.asked_to_stop = true;
  if (!stop_sent_ms_) {
    evidence_.stop_wait.for_what =
        WaitForEnd(signal == 0 ? request_.profile.stop.kind : StopAction::Kind::kSignal);
    stop_sent_ms_ = now_ms();
    stop_signal_ = signal;
    stop_mark_ = MarkNow();
  } else {
    stop_signal_ = 0;
  }
}

LiveRun::Mark LiveRun::MarkNow() {
  log_.OnReadable();
  return {log_.line_count(), hooking_.wanted() ? hooking_.journal().RecordCount() : 0};
}

void LiveRun::ForgetHang() { no_hang_ = std::exchange(hang_, std::nullopt); }

int64_t LiveRun::stop_limit_ms() const {
  constexpr int64_t kReportMs = 10'000;
  return request_.limits_ms.stop + (hooking_.sanitizer_runtime().empty() ? 0 : kReportMs);
}

void LiveRun::CaptureHang(const std::string& why) {
  if (!hang_) {
    hang_ = process_.CaptureStacks(kCaptureLimitMs);
    hang_->note = why + (hang_->note.empty() ? "" : "; " + hang_->note);
  }
}

}  // namespace faultline
