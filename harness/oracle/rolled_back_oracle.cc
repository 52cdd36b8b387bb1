#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "harness/oracle/answer_shape.h"
#include "harness/oracle/benign.h"
#include "harness/oracle/blame.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"

// `not-rolled-back`: a request failed when a call was made to fail in it, and the target is not as
// it was: its own view of its state differs from before, or the same request, sent again while
// nothing fails, does not do what it does in the fault-free run, or the rest of the scenario does
// not go as it does there.
namespace faultline {
namespace {

using Outcome = RpcExchange::Outcome;
using Status = StepResult::Status;

constexpr char kRolledBackKind[] = "not-rolled-back";
constexpr size_t kMostChanges = 4;

std::string ErrorText(const RpcExchange& exchange) {
  const nlohmann::json& error = exchange.answer;
  return error.is_object() && error.contains("message") && error["message"].is_string()
             ? error["message"].get<std::string>()
             : error.dump();
}

// The call that was made to fail in the request.
const Injection* FailureIn(const RollbackCheck& check, const Evidence& evidence) {
  const auto found = std::find_if(evidence.injections.begin(), evidence.injections.end(),
                                  [&](const Injection& injection) {
                                    return injection.step == check.step && IsFailedCall(injection);
                                  });
  return found == evidence.injections.end() ? nullptr : &*found;
}

// "leaves `Malloc0' in bdev_get_bdevs"
std::string ChangeTold(const StateChange& change) {
  const std::string what = change.path.empty() ? "it" : "`" + change.path + "'";
  switch (change.kind) {
    case StateChange::Kind::kAdded:
      return fmt::format("leaves {} in {}", what, change.probe);
    case StateChange::Kind::kRemoved:
      return fmt::format("takes {} from {}", what, change.probe);
    case StateChange::Kind::kChanged:
      break;
  }
  return fmt::format("changes {} of {}", what, change.probe);
}

// The same without the names of single objects: "adds to bdev_get_bdevs".
std::string ToldOfAny(const StateChange& change) {
  switch (change.kind) {
    case StateChange::Kind::kAdded:
      return "adds to " + change.probe;
    case StateChange::Kind::kRemoved:
      return "takes from " + change.probe;
    case StateChange::Kind::kChanged:
      break;
  }
  const size_t dot = change.path.rfind('.');
  return fmt::format("changes {} of {}",
                     dot == std::string::npos ? change.path : change.path.substr(dot + 1),
                     change.probe);
}

class RollbackJudge {
 public:
  RollbackJudge(const RollbackCheck& check, const Evidence& evidence, const OracleContext& context)
      : check_(check), evidence_(evidence), context_(context), model_(FindModel()) {}

  // At most one: what one failed request leaves undone is one bug.
  std::optional<Finding> Judge() {
    if (!check_.changes.empty()) {
      const StateChange& first = check_.changes.front();
      Finding finding = Begin(ChangeTold(first), ToldOfAny(first));
      finding.object = first.path;
      for (size_t i = 0; i < std::min(check_.changes.size(), kMostChanges); ++i) {
        finding.details.push_back(check_.changes[i].ToString());
      }
      TellAgain(finding);
      return finding;
    }
    const std::string again = WrongAgain();
    if (!again.empty()) {
      Finding finding = Begin("cannot be sent again: " + again, "sent again: " + again);
      return finding;
    }
    return WrongAfter();
  }

 private:
  // A request in which nothing was made to fail is refused for what it asks.
  const char* Fails() const {
    return FailureIn(check_, evidence_) == nullptr ? "is refused" : "fails";
  }

  Finding Begin(const std::string& told, const std::string& of_any) const {
    Finding finding;
    finding.kind = kRolledBackKind;
    finding.title = fmt::format("{} {} and {}", check_.method, Fails(), told);
    finding.step = check_.step;
    const std::string what =
        fmt::format("{} {} and {}", check_.method, Fails(), NormaliseMessage(of_any));
    finding.signature = fmt::format("{}: {}", kRolledBackKind, what);
    finding.cause = what;
    const Injection* failure = FailureIn(check_, evidence_);
    if (failure != nullptr) {
      finding.stack = BlamedStack(failure->stack);
      if (const auto met = NamedCallers(StackThatMetFailure(failure->stack, context_.catalogue));
          !met.empty()) {
        finding.signature += fmt::format(" @ {}", fmt::join(met, " < "));
      }
      finding.details.push_back(fmt::format("what failed: {} in step {}, called by {}",
                                            failure->point, failure->step,
                                            PlaceText(finding.stack)));
    }
    finding.details.push_back("its answer: " + check_.error.dump());
    return finding;
  }

  void TellAgain(Finding& finding) const {
    const std::string again = WrongAgain();
    if (!again.empty()) {
      finding.details.push_back("sent again without the fault: " + again);
    } else if (check_.again) {
      finding.details.push_back("sent again without the fault, it succeeded");
    }
  }

  // What is wrong with the second answer; "" when nothing is, or nobody knows what is right.
  std::string WrongAgain() const {
    if (!check_.again || (model_ != nullptr && model_->outcome != Outcome::kResult)) {
      return "";
    }
    const RpcExchange& again = *check_.again;
    switch (again.outcome) {
      case Outcome::kError:
        return model_ == nullptr && check_.met ? "" : ErrorText(again);
      case Outcome::kNoAnswer:
        return "no answer";
      case Outcome::kGone:
        return "";  // how it ended is another oracle's
      case Outcome::kResult:
        break;
    }
    if (!check_.met) {
      return "another answer than the scenario expects: " + again.answer.dump();
    }
    if (model_ == nullptr) {
      return "";
    }
    if (model_->changes.value_or(0) > 0 && again.changes == 0) {
      return "success without effect";
    }
    const std::string lack = FindLack(model_->answer, again.answer);
    return lack.empty() ? ""
                        : fmt::format("its answer lacks {}", lack == "." ? "what it says" : lack);
  }

  // A later request that fails although nothing is made to fail any more.
  std::optional<Finding> WrongAfter() const {
    if (!check_.again || !check_.met || check_.again->outcome != Outcome::kResult) {
      return std::nullopt;
    }
    std::map<std::string, size_t> seen;
    for (const RpcExchange& rpc : evidence_.rpcs) {
      const FaultFreeAnswer* model = ModelOf(rpc.method, seen[rpc.method]++);
      if (rpc.step <= check_.step || rpc.outcome != Outcome::kError || model == nullptr ||
          model->outcome != Outcome::kResult) {
        continue;
      }
      if (FailsFrom(check_.step + 1, rpc.step)) {
        return std::nullopt;
      }
      Finding finding = Begin(fmt::format("succeeds when sent again, but then {} fails: {}",
                                          rpc.method, ErrorText(rpc)),
                              fmt::format("then {} fails: {}", rpc.method, ErrorText(rpc)));
      finding.details.push_back(
          fmt::format("{} in step {} succeeds in the fault-free run", rpc.method, rpc.step));
      return finding;
    }
    return std::nullopt;
  }

  // Was any call made to fail, or anything else done to the target, in these steps?
  bool FailsFrom(int first, int last) const {
    return std::any_of(evidence_.injections.begin(), evidence_.injections.end(),
                       [&](const Injection& injection) {
                         return injection.step >= first && injection.step <= last;
                       });
  }

  // The request's answer in the fault-free run: of the same method, and the same one of these.
  const FaultFreeAnswer* FindModel() const {
    size_t nth = 0;
    for (const RpcExchange& rpc : evidence_.rpcs) {
      if (rpc.step >= check_.step) {
        break;
      }
      nth += rpc.method == check_.method ? 1 : 0;
    }
    return ModelOf(check_.method, nth);
  }

  const FaultFreeAnswer* ModelOf(const std::string& method, size_t nth) const {
    return context_.fault_free == nullptr ? nullptr : context_.fault_free->FindAnswer(method, nth);
  }

  const RollbackCheck& check_;
  const Evidence& evidence_;
  const OracleContext& context_;
  const FaultFreeAnswer* model_;
};

class RolledBackOracle : public Oracle {
 public:
  std::string_view kind() const override { return kRolledBackKind; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    std::vector<Finding> findings;
    for (const RollbackCheck& check : evidence.rollback_checks) {
      // As of the answer to a request that has been done: nothing is to be undone.
      const Injection* failure = FailureIn(check, evidence);
      if (failure != nullptr && IsBenign(*failure, context.catalogue)) {
        continue;
      }
      if (std::optional<Finding> finding = RollbackJudge(check, evidence, context).Judge()) {
        findings.push_back(std::move(*finding));
      }
    }
    return findings;
  }
};

FAULTLINE_ORACLE(RolledBackOracle);

}  // namespace
}  // namespace faultline
