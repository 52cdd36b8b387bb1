#include "harness/scenario/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <csignal>
#include <cstring>

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
          [](const CommandStep& step) { return fmt::format("run {}", fmt::join(step.argv, " ")); },
          [](const TerminalStep&) -> std::string { return "type"; },
          [](const ExpectLogStep& step) {
            return fmt::format("expect log line `{}`", step.pattern);
          },
          [](const WaitExitStep&) -> std::string { return "wait for the exit"; },
      },
      action);
}

}  // namespace faultline
