#include "harness/run/rolled_back.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "harness/run/rpc_match.h"
#include "harness/run/success_effects.h"

namespace faultline {
namespace {

using Outcome = RpcExchange::Outcome;
using Status = StepResult::Status;

// Nothing is made to fail, and nothing counted, as long as it lives.
class Pause {
 public:
  explicit Pause(LiveRun& run) : hooking_(run.hooking()) {
    if (hooking_.wanted()) {
      hooking_.journal().Pause();
    }
  }
  ~Pause() {
    if (hooking_.wanted()) {
      hooking_.journal().Resume();
    }
  }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

 private:
  Hooking& hooking_;
};

}  // namespace

RolledBack::RolledBack(LiveRun& run, StepRunner& runner) : run_(run), runner_(runner), look_(run) {}

const RpcStep* RolledBack::Checked(const Step& step) const {
  const auto* rpc = std::get_if<RpcStep>(&step.action);
  const RunRequest& request = run_.request();
  const bool is_plain = rpc != nullptr && !rpc->no_wait && rpc->until.empty();
  return !is_plain || request.profile.state_probes.empty() || !request.scenario.check_rolled_back ||
                 request.record_sites || (MustFail(rpc->expect) && !request.check_refused) ||
                 rpc->method == request.profile.stop_rpc.method
             ? nullptr
             : rpc;
}

// Are there calls that a fault has not failed yet?
bool RolledBack::MayStillFail() const {
  const std::vector<Fault>& faults = run_.request().faults;
  return std::any_of(faults.begin(), faults.end(), [this](const Fault& fault) {
    if (fault.action != Fault::Action::kFail ||
        fault.last == std::numeric_limits<uint64_t>::max()) {
      return fault.action == Fault::Action::kFail;
    }
    return run_.hooking().Hits(fault.id) < (fault.last - fault.first) / fault.step + 1;
  });
}

const PartialFailure* RolledBack::Partial(const std::string& method) const {
  const std::vector<PartialFailure>& all = run_.request().profile.partial_failures;
  const auto found = std::find_if(all.begin(), all.end(), [&](const PartialFailure& partial) {
    return partial.Covers(method);
  });
  return found == all.end() ? nullptr : &*found;
}

bool RolledBack::Before(const Step& step, int index, StepResult& result) {
  look_.Forget();
  const RpcStep* rpc = Checked(step);
  if (rpc == nullptr || run_.exited() || index < run_.request().check_from_step ||
      !look_.silent_probe().empty()) {
    return true;
  }
  if (run_.request().note_changes || run_.request().check_refused || run_.is_carrier() ||
      (run_.hooking().wanted() && MayStillFail())) {
    const Pause pause(run_);
    result.begin_ms = run_.now_ms();
    look_.TakeBefore(rpc->connection);
  }
  if (look_.silent_probe().empty()) {
    return true;
  }
  result.index = index;
  result.title = step.Title();
  result.silent_before = true;
  look_.TimeOut(result);
  return false;
}

bool RolledBack::After(const Step& step, StepResult& result) {
  look_.NoteOutstanding(step, result);
  const RpcStep* rpc = look_.has_before() ? Checked(step) : nullptr;
  if (rpc == nullptr || run_.exited()) {
    return false;
  }
  if (run_.request().note_changes || SucceededUnderFault(*rpc, result)) {
    std::optional<Pause> pause;
    if (!run_.request().note_changes) {
      pause.emplace(run_);
    }
    NoteEffects(run_, look_, *rpc, result.index);
    look_.TimeOut(result);
    return false;
  }
  const bool failed =
      run_.request().check_refused ? WasRefused(*rpc, result) : FailedUnderFault(*rpc, result);
  return failed && Check(step, *rpc, result);
}

// Of a request that has failed.
bool RolledBack::Check(const Step& step, const RpcStep& rpc, StepResult& result) {
  const bool is_refusal = run_.request().check_refused;
  const FaultFreeAnswer* model = ModelOfLast(run_);
  const bool is_refused_anyway = model != nullptr && model->outcome == Outcome::kError;
  const Pause pause(run_);
  RollbackCheck check;
  check.step = result.index;
  check.method = rpc.method;
  check.error = run_.evidence().rpcs.back().answer;
  if (!look_.OthersAct()) {
    check.changes = look_.LastingChanges(rpc.connection);
  }
  if (!look_.silent_probe().empty()) {
    look_.TimeOut(result);
    return false;
  }
  // Of a request that is refused without a fault too what goes or changes may be the end of
  // something earlier: a rebuild that is through, a poller that its channel takes along.
  if (is_refusal || is_refused_anyway) {
    std::erase_if(check.changes, [](const StateChange& change) {
      return change.kind != StateChange::Kind::kAdded;
    });
  }
  const PartialFailure* partial = Partial(rpc.method);
  if (partial != nullptr) {
    std::erase_if(check.changes,
                  [&](const StateChange& change) { return partial->Allows(change.probe); });
  }
  const bool goes_on =
      !is_refusal && (partial == nullptr || partial->again) && SendAgain(step, check);
  if (check.again) {
    result.detail += goes_on ? "; sent again without the fault, it succeeded"
                             : "; sent again without the fault, it did not succeed either";
  }
  check.looked_ms = look_.looked_ms();
  run_.evidence().rollback_checks.push_back(std::move(check));
  return goes_on;
}

bool RolledBack::WasRefused(const RpcStep& rpc, const StepResult& result) const {
  const std::vector<RpcExchange>& rpcs = run_.evidence().rpcs;
  return !rpcs.empty() && rpcs.back().step == result.index && rpcs.back().method == rpc.method &&
         rpcs.back().outcome == Outcome::kError;
}

bool RolledBack::SucceededUnderFault(const RpcStep& rpc, const StepResult& result) const {
  const std::vector<RpcExchange>& rpcs = run_.evidence().rpcs;
  return !run_.request().check_refused && !rpcs.empty() && rpcs.back().step == result.index &&
         rpcs.back().method == rpc.method && rpcs.back().outcome == Outcome::kResult &&
         !run_.failed_calls().AnyFailure(result.index).empty();
}

bool RolledBack::FailedUnderFault(const RpcStep& rpc, const StepResult& result) const {
  return WasRefused(rpc, result) && !run_.failed_calls().AnyFailure(result.index).empty();
}

// Until it is not refused, or the target has had its time. True when it was answered as the step
// expects.
bool RolledBack::SendAgain(const Step& step, RollbackCheck& check) {
  const auto* rpc = std::get_if<RpcStep>(&step.action);
  Settling settling(run_);
  std::vector<RpcExchange>& rpcs = run_.evidence().rpcs;
  while (!run_.exited()) {
    const size_t before = rpcs.size();
    const StepResult result = runner_.Run(step, check.step);
    if (rpcs.size() == before) {
      return false;
    }
    check.again = std::move(rpcs.back());
    rpcs.resize(before);
    check.met = result.status == Status::kDone;
    const bool refused = check.again->outcome == Outcome::kError;
    if (!refused || settling.is_over()) {
      break;
    }
    settling.WaitALittle();
  }
  if (!check.again || check.again->outcome != Outcome::kResult || run_.exited()) {
    return false;
  }
  check.again->changes = look_.CountChanges(rpc->connection);
  return check.met;
}

}  // namespace faultline
