#include "harness/run/companions.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "harness/base/failure.h"
#include "harness/base/line_pattern.h"
#include "harness/run/command.h"
#include "harness/run/ready_place.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using ReadyKind = Companion::Ready::Kind;

constexpr int kStopLimitMs = 2'000;
// For what makes no event that could be waited for: a file, a port.
constexpr int kLookEveryMs = 10;

std::string LastLine(const LogWatch& log) {
  const std::vector<LogLine> lines = log.Lines();
  const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                 [](const LogLine& line) { return !line.text.empty(); });
  return last == lines.rend() ? "" : last->text;
}

}  // namespace

Companions::Companions(const RunRequest& request, Sandbox& sandbox)
    : request_(request), sandbox_(sandbox) {}

Companions::~Companions() = default;

void Companions::Watch(Running& running, EventLoop& loop) {
  LogWatch& log = *running.log;
  Process& process = *running.process;
  if (!log.at_end()) {
    loop.Add(process.output_fd(), [&log, &process, &loop] {
      if (!log.OnReadable()) {
        loop.Remove(process.output_fd());
      }
    });
  }
  loop.Add(process.event_fd(), [&process] { process.OnEvent(); });
}

void Companions::Unwatch(Running& running, EventLoop& loop) {
  loop.Remove(running.process->output_fd());
  loop.Remove(running.process->event_fd());
}

void Companions::Attach(EventLoop& loop) {
  for (auto& [name, running] : running_) {
    Watch(running, loop);
  }
}

void Companions::Detach(EventLoop& loop) {
  for (auto& [name, running] : running_) {
    Unwatch(running, loop);
  }
}

void Companions::StartAll(EventLoop& loop) {
  for (const Companion& companion : request_.scenario.companions) {
    if (companion.started_by_step) {
      continue;
    }
    if (const std::string why = Start(companion.name, loop); !why.empty()) {
      throw Failure::BadInput(
          fmt::format("{}: companion {} {}", companion.position.ToString(), companion.name, why));
    }
  }
}

std::string Companions::Start(const std::string& name, EventLoop& loop) {
  const Companion& companion = *request_.scenario.FindCompanion(name);
  if (const auto found = running_.find(name); found != running_.end()) {
    found->second.process->OnEvent();
    if (!found->second.process->exited()) {
      return "";
    }
    Unwatch(found->second, loop);
    running_.erase(found);
  }
  std::vector<std::string> argv;
  for (const std::string& argument : companion.argv) {
    argv.push_back(ExpandForRun(argument, sandbox_.variables()));
  }
  std::map<std::string, std::string> environment = sandbox_.CommandEnvironment();
  for (const auto& [key, value] : companion.environment) {
    environment[key] = ExpandForRun(value, sandbox_.variables());
  }
  // Its own files are no matter of the target's.
  const fs::path directory = sandbox_.private_dir() / ("companion-" + name);
  std::error_code ignored;
  fs::create_directories(directory, ignored);
  Running& running = running_[name];
  running.companion = &companion;
  running.process =
      std::make_unique<Process>(CommandOptions(argv, {environment, directory, &sandbox_.space()}));
  running.log =
      std::make_unique<LogWatch>(running.process->output_fd(), running.process->start_time());
  Watch(running, loop);
  return WaitReady(running, loop);
}

bool Companions::IsReady(const Running& running) const {
  const std::string& value = running.companion->ready.value;
  switch (running.companion->ready.kind) {
    case ReadyKind::kLogLine:
      return running.log->Find(LinePattern(ExpandForRun(value, sandbox_.variables())), 0)
          .has_value();
    case ReadyKind::kFile:
      return MarkAt(value, sandbox_).has_value();
    case ReadyKind::kPort:
      return ListensAt(value, sandbox_);
    case ReadyKind::kStarted:
      break;
  }
  return true;
}

std::string Companions::WaitReady(Running& running, EventLoop& loop) {
  const Deadline deadline = InMs(running.companion->limit_ms);
  const bool by_event = running.companion->ready.kind == ReadyKind::kLogLine;
  bool ready = IsReady(running);
  while (!ready && !running.process->exited() && Clock::now() < deadline) {
    const Deadline look = by_event ? deadline : std::min<Deadline>(deadline, InMs(kLookEveryMs));
    loop.RunUntil([&] { return running.process->exited() || (by_event && IsReady(running)); },
                  look);
    running.log->OnReadable();
    ready = IsReady(running);
  }
  if (ready) {
    return "";
  }
  const std::string said = LastLine(*running.log);
  const std::string words = said.empty() ? "; it said nothing" : "; it last said `" + said + "`";
  const std::string why =
      running.process->exited()
          ? fmt::format("ended with {} before it was ready{}",
                        running.process->exit_status().ToString(), words)
          : fmt::format("was not ready within {} ms{}", running.companion->limit_ms, words);
  running.ended_by_itself_told = true;
  return why;
}

std::string Companions::Stop(const std::string& name, EventLoop& loop) {
  const auto found = running_.find(name);
  if (found == running_.end()) {
    return "is not running";
  }
  Running& running = found->second;
  running.process->OnEvent();
  std::string why;
  if (running.process->exited()) {
    const int code = running.process->exit_status().code;
    const std::vector<int>& may = running.companion->may_end;
    if (running.process->exit_status().kind != ExitStatus::Kind::kExited ||
        std::find(may.begin(), may.end(), code) == may.end()) {
      why = fmt::format("had ended before: {}; it last said `{}`",
                        running.process->exit_status().ToString(), LastLine(*running.log));
    }
  } else {
    running.process->Signal(SIGTERM);
    loop.RunUntil([&] { return running.process->exited(); }, InMs(kStopLimitMs));
  }
  Unwatch(running, loop);
  running.process->Finish(0);
  running_.erase(found);
  return why;
}

std::vector<LostCompanion> Companions::TakeLost(int step) {
  std::vector<LostCompanion> lost;
  for (auto& [name, running] : running_) {
    running.process->OnEvent();
    if (!running.process->exited() || running.ended_by_itself_told) {
      continue;
    }
    running.ended_by_itself_told = true;
    running.log->OnReadable();
    const ExitStatus& exit = running.process->exit_status();
    const std::vector<int>& may = running.companion->may_end;
    const bool is_fine = exit.kind == ExitStatus::Kind::kExited &&
                         std::find(may.begin(), may.end(), exit.code) != may.end();
    if (!is_fine) {
      lost.push_back({name, step, exit, LastLine(*running.log)});
    }
  }
  return lost;
}

}  // namespace faultline
