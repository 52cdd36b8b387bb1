#include "harness/scenario/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <iterator>

namespace faultline {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string SignalName(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

template <typename Named>
const Named* FindById(const std::vector<Named>& all, std::string Named::*id,
                      const std::string& wanted) {
  for (const Named& one : all) {
    if (one.*id == wanted) {
      return &one;
    }
  }
  return nullptr;
}

}  // namespace

std::string SourcePosition::ToString() const {
  return file == nullptr ? std::string() : fmt::format("{}:{}:{}", *file, line, column);
}

bool IsFailure(const FailureValue& failure, uint64_t rax, bool error_noted) {
  const auto number = static_cast<int32_t>(rax);
  switch (failure.shape) {
    case FailureValue::Shape::kPointer:
      return rax == static_cast<uint64_t>(failure.result);
    case FailureValue::Shape::kBool:
      return static_cast<uint8_t>(rax) == static_cast<uint8_t>(failure.result);
    case FailureValue::Shape::kVoid:
      return error_noted;
    case FailureValue::Shape::kNumber:
      break;
  }
  return failure.result < 0 ? number < 0 : (failure.result > 0) == (number != 0);
}

std::string ToString(FaultPoint::Kind kind) {
  switch (kind) {
    case FaultPoint::Kind::kLeaf:
      return "leaf";
    case FaultPoint::Kind::kState:
      return "state";
    case FaultPoint::Kind::kDerived:
      break;
  }
  return "derived";
}

std::string GroupOf(const std::string& point) { return point.substr(0, point.rfind('/')); }

const FaultPoint* Catalogue::FindPoint(const std::string& name) const {
  return FindById(points, &FaultPoint::name, name);
}

bool CallPattern::Covers(const std::string& point_name) const {
  return point.ends_with('*') ? point_name.starts_with(point.substr(0, point.size() - 1))
                              : point_name == point;
}

const Fault* Scenario::FindFault(const std::string& id) const {
  return FindById(faults, &Fault::id, id);
}

const Companion* Scenario::FindCompanion(const std::string& name_of_one) const {
  return FindById(companions, &Companion::name, name_of_one);
}

const Target* Scenario::FindTarget(const std::string& name_of_one) const {
  for (const std::shared_ptr<const Target>& target : targets) {
    if (target->name == name_of_one) {
      return target.get();
    }
  }
  return nullptr;
}

int Scenario::LivesOf(const std::string& name_of_target) const {
  const Target* target = FindTarget(name_of_target);
  int lives = target == nullptr || !target->starts_later ? 1 : 0;
  for (const Step& step : steps) {
    lives += std::holds_alternative<RestartStep>(step.action) &&
                     (targets.empty() || step.target == name_of_target)
                 ? 1
                 : 0;
  }
  return lives;
}

Scenario Scenario::ForTarget(const Target& target) const {
  Scenario own = *this;
  own.profile = target.profile_name;
  own.extra_args = target.extra_args;
  own.app_args = target.app_args;
  own.end = target.end;
  for (const auto& [variable, value] : target.environment) {
    own.environment[variable] = value;
  }
  if (!limits_set) {
    own.limits_ms = target.profile.limits_ms;
  }
  return own;
}

const std::vector<std::string>& SharedThings() {
  static const std::vector<std::string> kThings = {"run_dir", "rpc_socket", "file_prefix", "cpu",
                                                   "free_port"};
  return kThings;
}

namespace {

// "/tmp/fl-x/disk" -> "disk", "--file=/tmp/disk" -> "--file=disk"
std::string WithoutDirectories(const std::string& argument) {
  const size_t equals = argument.find("=/");
  const size_t begin = equals == std::string::npos ? 0 : equals + 1;
  const size_t slash = argument.rfind('/');
  return argument.find('/') != begin || slash + 1 == argument.size()
             ? argument
             : argument.substr(0, begin) + argument.substr(slash + 1);
}

}  // namespace

std::string CommandTitle(const std::vector<std::string>& argv) {
  constexpr size_t kLongest = 80;
  const std::string program = argv.empty() ? "" : WithoutDirectories(argv[0]);
  const bool is_inline =
      argv.size() > 2 && (argv[1] == "-c" || argv[1] == "-e" || argv[1] == "-ec");
  const bool is_short =
      is_inline && argv[2].size() <= kLongest / 2 && argv[2].find('\n') == std::string::npos;
  if (is_inline && !is_short) {
    return fmt::format("an inline {} script", program);
  }
  std::vector<std::string> words;
  std::transform(argv.begin(), argv.end(), std::back_inserter(words), WithoutDirectories);
  const std::string title = fmt::format("{}", fmt::join(words, " "));
  return title.size() <= kLongest ? title : title.substr(0, kLongest) + "...";
}

std::string Step::Title() const {
  if (!name.empty()) {
    return name;
  }
  return std::visit(
      Overloaded{
          [](const WaitReadyStep&) -> std::string { return "wait until ready"; },
          [](const RpcStep& step) { return fmt::format("rpc {}", step.method); },
          [](const ArmStep& step) { return fmt::format("arm {}", fmt::join(step.faults, ", ")); },
          [](const DisarmStep& step) {
            return fmt::format("disarm {}", fmt::join(step.faults, ", "));
          },
          [](const SignalStep& step) { return fmt::format("send {}", SignalName(step.signal)); },
          [](const CommandStep& step) { return "run " + CommandTitle(step.argv); },
          [](const TerminalStep&) -> std::string { return "type"; },
          [](const ExpectLogStep& step) {
            return fmt::format("expect log line `{}`", step.pattern);
          },
          [](const WaitExitStep&) -> std::string { return "wait for the exit"; },
          [](const PipelineStep& step) {
            return fmt::format("{} requests in one write, the first {}", step.requests.size(),
                               step.requests.empty() ? "" : step.requests.front().method);
          },
          [](const RawStep& step) { return fmt::format("raw {} bytes", step.bytes.size()); },
          [](const AnswerStep& step) { return fmt::format("answer to step {}", step.step); },
          [](const DisconnectStep& step) {
            return step.connection.empty() ? "disconnect"
                                           : fmt::format("disconnect {}", step.connection);
          },
          [](const WaitStep& step) {
            return fmt::format("wait {} ms: {}", step.duration_ms, step.reason);
          },
          [](const ExpectAbsentStep& step) {
            return fmt::format("expect no file {}", fmt::join(step.patterns, ", "));
          },
          [](const ExpectNoLogStep& step) {
            return fmt::format("expect no log line `{}`", step.pattern);
          },
          [](const ExpectOpenFilesStep& step) {
            return step.pattern.empty() ? "expect open files"
                                        : fmt::format("expect open files `{}`", step.pattern);
          },
          [](const ExpectFlatStep& step) { return fmt::format("expect {} flat", step.name); },
          [](const RestartStep& step) -> std::string {
            if (step.is_start) {
              return "start";
            }
            return step.signal ? fmt::format("end by {} and start again", SignalName(*step.signal))
                               : "start again";
          },
          [](const StartCompanionStep& step) {
            return fmt::format("start companion {}", fmt::join(step.companions, ", "));
          },
          [](const StopCompanionStep& step) {
            return fmt::format("stop companion {}", fmt::join(step.companions, ", "));
          },
      },
      action);
}

}  // namespace faultline
