#include "harness/run/first_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <map>
#include <set>
#include <sstream>
#include <system_error>
#include <tuple>

#include "harness/base/files.h"
#include "harness/base/line_pattern.h"
#include "harness/run/executed.h"
#include "harness/run/live_run.h"
#include "harness/run/ready_place.h"
#include "harness/run/wrapped_children.h"
#include "harness/target/proc_status.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostStartMs = 30'000;
constexpr int64_t kFirstLookQuietMs = 2'000;
constexpr int64_t kRpcMs = 3'000;
constexpr int64_t kStopMs = 10'000;
constexpr int64_t kTypedMs = 2'000;
constexpr int kFirstLookGraceMs = 200;
constexpr size_t kMostLastWords = 5;
// What a target says when it is up; of several such lines the last counts.
constexpr char kReadyWords[] =
    "(?i)ready|listening|started|running|main loop|waiting|press enter|serving|accepting|up and";

// Waits until the target has said nothing for a while, or ended.
void AwaitQuiet(LiveRun& run) {
  const Clock::time_point limit = InMs(static_cast<int>(kMostStartMs));
  bool said_more = true;
  while (said_more && !run.exited() && Clock::now() < limit) {
    const size_t lines = run.log().line_count();
    // Before its first line a program may be at work.
    const int64_t quiet_ms = lines > 0 ? kFirstLookQuietMs : 2 * kFirstLookQuietMs;
    WaitAccount wait{.for_what = "another line", .limit_ms = quiet_ms, .most_ms = quiet_ms};
    said_more =
        run.WaitFor([&] { return run.log().line_count() > lines; }, wait) == LiveRun::Wait::kMet;
  }
}

// The inodes of the sockets that the process has open.
std::set<std::string> SocketsOf(pid_t pid) {
  std::set<std::string> inodes;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", pid), error)) {
    const std::string link = fs::read_symlink(entry.path(), error).string();
    if (link.starts_with("socket:[")) {
      inodes.insert(link.substr(8, link.size() - 9));
    }
  }
  return inodes;
}

std::vector<std::vector<std::string>> TableOf(pid_t pid, const std::string& name) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(ReadFile(fmt::format("/proc/{}/net/{}", pid, name)).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    rows.emplace_back();
    for (std::string word; words >> word;) {
      rows.back().push_back(word);
    }
  }
  return rows;
}

void FindListens(LiveRun& run, FirstLook& look) {
  constexpr char kTcpListen[] = "0A";
  constexpr char kUnixListening[] = "00010000";  // __SO_ACCEPTCON
  const pid_t pid = run.process().pid();
  const std::set<std::string> own = SocketsOf(pid);
  std::set<int> ports;
  for (const char* table : {"tcp", "tcp6"}) {
    for (const std::vector<std::string>& row : TableOf(pid, table)) {
      if (row.size() > 9 && row[3] == kTcpListen && own.contains(row[9])) {
        ports.insert(std::stoi(row[1].substr(row[1].rfind(':') + 1), nullptr, 16));
      }
    }
  }
  look.tcp_ports.assign(ports.begin(), ports.end());
  for (const std::vector<std::string>& row : TableOf(pid, "unix")) {
    if (row.size() > 7 && row[3] == kUnixListening && own.contains(row[6])) {
      look.unix_sockets.push_back(run.sandbox().Generalise(row[7]));
    }
  }
}

// A method that somebody answers on the RPC socket; "" = none.
std::string RpcMethodOf(LiveRun& run) {
  std::error_code error;
  if (!fs::is_socket(run.sandbox().rpc_address(), error)) {
    return "";
  }
  for (const char* method : {"spdk_get_version", "rpc_get_methods"}) {
    JsonRpcClient& rpc = *run.rpc();
    const uint64_t id = rpc.Send(method, nullptr);
    WaitAccount wait{.for_what = "an answer", .limit_ms = kRpcMs, .most_ms = kRpcMs};
    run.WaitFor([&] { return rpc.HasAnswer(id); }, wait);
    const std::optional<RpcAnswer> answer = rpc.TakeAnswer(id);
    if (answer && answer->outcome == RpcExchange::Outcome::kResult) {
      return method;
    }
  }
  return "";
}

void FindReadyLine(LiveRun& run, FirstLook& look) {
  const LinePattern words(kReadyWords);
  for (const LogLine& line : run.log().Lines()) {
    const bool says_something = std::any_of(line.text.begin(), line.text.end(), [](char c) {
      return std::isalpha(static_cast<unsigned char>(c)) != 0;
    });
    const bool says_ready = words.Matches(line.text);
    if (says_something && line.text.size() < LinePattern::kMaxBytes &&
        (look.ready_line.empty() || says_ready || !words.Matches(look.ready_line))) {
      look.ready_line = line.text;
    }
  }
  if (!look.ready_line.empty()) {
    look.ready_pattern = PatternOfLine(run.sandbox().Generalise(look.ready_line));
  }
}

// Of what it made, what is made last in a start: a socket is served, a pid file tells of a process
// that is up.
void FindReadyFile(LiveRun& run, const std::vector<ArgumentPlace>& places, FirstLook& look) {
  std::vector<std::string> made = run.sandbox().LeftInRunDir();  // "socket ${run_dir}/x"
  for (const ArgumentPlace& place : places) {
    for (const std::string& path : place.made) {
      std::error_code ignored;
      made.push_back((fs::is_socket(path, ignored) ? "socket " : "file ") + path);
    }
  }
  std::tuple<bool, bool, int64_t> best;
  for (const std::string& one : made) {
    const std::string path = one.substr(one.find(' ') + 1);
    const bool is_anothers = path.starts_with("${run_dir}/dpdk/") ||  // DPDK's own
                             path.find("${pid}") != std::string::npos || one.starts_with("mount ");
    const std::optional<FileMark> mark = is_anothers ? std::nullopt : MarkAt(path, run.sandbox());
    if (!mark) {
      continue;
    }
    const std::tuple rank(one.starts_with("socket "), path.ends_with(".pid"), mark->changed_ns);
    if (look.ready_file.empty() || rank > best) {
      best = rank;
      look.ready_file = path;
    }
  }
}

bool EndsAtSignal(LiveRun& run, int signal, FirstLook& look) {
  run.process().Signal(signal);
  if (run.WaitForExit(kStopMs)) {
    look.stop_signal = signal;
    return true;
  }
  return false;
}

// A program at a prompt has a word by which it is left, or ends with its input.
bool EndsAtText(LiveRun& run, FirstLook& look) {
  constexpr char kEndOfFile[] = "\x04";
  for (const char* text : {"quit\n", "exit\n", kEndOfFile}) {
    if (!ReadsItsInput(run.process().pid()) ||
        !run.process().Write(text, InMs(static_cast<int>(kTypedMs)))) {
      return false;
    }
    if (run.WaitForExit(kTypedMs)) {
      look.stop_text = text;
      return true;
    }
  }
  return false;
}

// How the target would take a signal now.
enum class Takes { kIgnores, kDies, kHandles };
Takes HowItTakes(pid_t pid, int signal) {
  return IgnoresSignal(pid, signal) ? Takes::kIgnores
         : WouldDieOf(pid, signal)  ? Takes::kDies
                                    : Takes::kHandles;
}

void Stop(LiveRun& run, FirstLook& look) {
  const pid_t pid = run.process().pid();
  const Takes term = HowItTakes(pid, SIGTERM);
  if (term == Takes::kHandles && EndsAtSignal(run, SIGTERM, look)) {
    return;
  }
  look.why_not_term = term == Takes::kHandles   ? "SIGTERM does not end it"
                      : term == Takes::kIgnores ? "it ignores SIGTERM"
                                                : "SIGTERM kills it";
  // A shell handles SIGINT only to die of it.
  if (EndsAtText(run, look)) {
    return;
  }
  const Takes interrupt = HowItTakes(pid, SIGINT);
  if (interrupt == Takes::kHandles && EndsAtSignal(run, SIGINT, look)) {
    return;
  }
  if (!(term == Takes::kDies && EndsAtSignal(run, SIGTERM, look)) && interrupt == Takes::kDies) {
    EndsAtSignal(run, SIGINT, look);
  }
}

// What a wrapper has in a child, as far as it is clear.
Executed WrappedBy(LiveRun& run) {
  if (run.process().followed()) {
    const pid_t target = run.process().pid();
    for (const ChildProgram& child : run.process().child_programs()) {
      if (child.pid == target) {
        return InChild(run, child.last.program);
      }
    }
    // A daemon that the started process became before it forked is no child's.
    const auto executed = run.process().replaced_by();
    return executed && executed->by == target
               ? Executed{.program = executed->program, .in_child = true}
               : Executed();
  }
  bool has_waited = false;
  const std::vector<std::string> programs = WrappedPrograms(run, has_waited);
  return programs.size() == 1 ? InChild(run, programs.front()) : Executed();
}

// `wraps`: what it has in a child, when that is known; empty = nothing is, and it is filled in.
FirstLook Look(const fs::path& program, const Profile& profile, Executed& wraps,
               Interruption& interruption) {
  const bool is_known = !wraps.empty();
  Profile watched = profile;
  watched.detaches = !is_known;  // follow it if it does
  const Scenario scenario;
  const Catalogue catalogue;
  RunRequest request{scenario, watched, catalogue};
  request.program = program;
  request.executed_program = wraps;
  request.observe = false;
  Sandbox sandbox(request);
  Hooking hooking(request, sandbox.private_dir(), sandbox.CommandEnvironment());
  sandbox.MarkBefore();
  std::vector<std::string> arguments = profile.args;  // run-time names in them are variables still
  arguments.insert(arguments.end(), profile.app_args.begin(), profile.app_args.end());
  ArgumentPlaces places(arguments);
  Companions companions(request, sandbox);
  EventLoop loop;
  loop.Add(interruption.fd(), [&interruption] { interruption.ThrowIfRaised(); });
  LiveRun run(request, sandbox, hooking, companions, loop);
  AwaitQuiet(run);
  ThrowRefusal(run);
  FirstLook look;
  wraps = is_known ? wraps : WrappedBy(run);
  look.wraps = wraps.program;
  if (!is_known && !wraps.empty()) {
    return look;
  }
  look.detaches = !is_known && run.process().followed();
  if (const auto& executed = run.process().replaced_by();
      executed && !is_known && executed->by != (look.detaches ? run.process().pid() : 0)) {
    look.executed = executed->program;
  }
  look.ended_by_itself = run.exited();
  if (!look.ended_by_itself) {
    run.process().Settle();
    look.rpc_method = RpcMethodOf(run);
    FindListens(run, look);
    FindReadyLine(run, look);
    places.Look();
    FindReadyFile(run, places.Filled(), look);
    Stop(run, look);
    run.process().Kill();
  }
  places.Look();
  look.places = places.Filled();
  look.exit = run.process().exit_status();
  look.left = run.process().Finish(kFirstLookGraceMs);
  const std::vector<std::string> files = sandbox.LeftInRunDir();
  look.left.insert(look.left.end(), files.begin(), files.end());
  run.log().OnReadable();
  const std::vector<LogLine> lines = run.log().Lines();
  for (size_t i = lines.size() - std::min(lines.size(), kMostLastWords); i < lines.size(); ++i) {
    look.last_words.push_back(lines[i].text);
  }
  return look;
}

}  // namespace

std::string PatternOfLine(const std::string& line) {
  std::string pattern;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (line.compare(i, 2, "${") == 0) {  // the name of a run's own value stays
      const size_t end = std::min(line.find('}', i), line.size() - 1);
      pattern += line.substr(i, end - i + 1);
      i = end;
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      if (!pattern.ends_with("\\d+")) {
        pattern += "\\d+";
      }
    } else if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) {
      pattern += c == '$' ? "\\$$" : std::string("\\") + c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      pattern += '.';
    } else {
      pattern += c;
    }
  }
  constexpr size_t kMostBytes = 200;
  if (pattern.size() > kMostBytes) {
    // Between two words, or a part of an escape would be left.
    const size_t blank = pattern.rfind(' ', kMostBytes);
    pattern.resize(blank == std::string::npos ? 0 : blank);
  }
  return pattern;
}

FirstLook LookAtProgram(const fs::path& program, const Profile& profile,
                        Interruption& interruption) {
  Executed wraps;
  const FirstLook look = Look(program, profile, wraps, interruption);
  // Then that is what is to be looked at.
  return wraps.empty() ? look : Look(program, profile, wraps, interruption);
}

}  // namespace faultline
