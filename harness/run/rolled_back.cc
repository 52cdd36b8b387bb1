#include "harness/run/rolled_back.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "harness/oracle/fault_free_run.h"
#include "harness/run/rpc_match.h"

namespace faultline {
namespace {

using Outcome = RpcExchange::Outcome;
using Status = StepResult::Status;

// Much of what a target takes back it takes back later: an io_device goes once its channels have
// gone. What differs for longer stays.
constexpr int64_t kSettleMs = 1'500;
constexpr int64_t kFirstPauseMs = 2;
constexpr int64_t kLongestPauseMs = 100;
constexpr int kMethodNotFound = -32601;

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

bool IsUnknownMethod(const RpcAnswer& answer) {
  return answer.outcome == Outcome::kError && answer.value.is_object() &&
         answer.value.value("code", nlohmann::json(0)) == kMethodNotFound;
}

// Of a target that refuses to tell its state that is the state: before its start it has none.
nlohmann::json ErrorState(const nlohmann::json& error) {
  return {{"error", error.is_object() ? error.value("code", nlohmann::json()) : error}};
}

}  // namespace

RolledBack::RolledBack(LiveRun& run, StepRunner& runner) : run_(run), runner_(runner) {}

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

// Whether something else than the request may change the state meanwhile: a request that has not
// been answered, another client, a fault that asks for something.
bool RolledBack::OthersAct() const {
  const std::vector<Fault>& faults = run_.request().faults;
  return !memory_.outstanding.empty() || !run_.request().scenario.companions.empty() ||
         std::any_of(faults.begin(), faults.end(), [](const Fault& fault) {
           return fault.action == Fault::Action::kRpc || fault.action == Fault::Action::kSteps;
         });
}

void RolledBack::NoteOutstanding(const Step& step) {
  const auto* rpc = std::get_if<RpcStep>(&step.action);
  if ((rpc != nullptr && rpc->no_wait) || std::holds_alternative<RawStep>(step.action)) {
    memory_.outstanding.insert(step.name);
  } else if (const auto* answer = std::get_if<AnswerStep>(&step.action)) {
    memory_.outstanding.erase(answer->step);
  }
}

bool RolledBack::Before(const Step& step, int index, StepResult& result) {
  memory_.before.reset();
  memory_.looked_ms = 0;
  const RpcStep* rpc = Checked(step);
  if (rpc == nullptr || run_.exited() || index < run_.request().check_from_step ||
      !silent_probe_.empty()) {
    return true;
  }
  if (run_.request().note_changes || run_.request().check_refused || run_.is_carrier() ||
      (run_.hooking().wanted() && MayStillFail())) {
    const Pause pause(run_);
    result.begin_ms = run_.now_ms();
    memory_.before = Look(rpc->connection);
  }
  if (silent_probe_.empty()) {
    return true;
  }
  result.index = index;
  result.title = step.Title();
  result.silent_before = true;
  TimeOut(result);
  return false;
}

bool RolledBack::After(const Step& step, StepResult& result) {
  NoteOutstanding(step);
  const RpcStep* rpc = memory_.before ? Checked(step) : nullptr;
  if (rpc == nullptr || run_.exited()) {
    return false;
  }
  if (run_.request().note_changes || SucceededUnderFault(*rpc, result)) {
    std::optional<Pause> pause;
    if (!run_.request().note_changes) {
      pause.emplace(run_);
    }
    NoteChanges(*rpc, result);
    TimeOut(result);
    return false;
  }
  const bool is_refusal = run_.request().check_refused;
  if (is_refusal ? !WasRefused(*rpc, result) : !FailedUnderFault(*rpc, result)) {
    return false;
  }
  const Pause pause(run_);
  RollbackCheck check;
  check.step = result.index;
  check.method = rpc->method;
  check.error = run_.evidence().rpcs.back().answer;
  if (!OthersAct()) {
    check.changes = Changes(rpc->connection);
  }
  if (!silent_probe_.empty()) {
    TimeOut(result);
    return false;
  }
  // Without a fault what goes or changes may be the end of something earlier: a rebuild that is
  // through, a poller that its channel takes along.
  if (is_refusal) {
    std::erase_if(check.changes, [](const StateChange& change) {
      return change.kind != StateChange::Kind::kAdded;
    });
  }
  const PartialFailure* partial = Partial(rpc->method);
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
  check.looked_ms = memory_.looked_ms;
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

// nullopt when the target does not tell it, or not all of it, in time.
std::optional<TargetState> RolledBack::Look(const std::string& connection) {
  const Clock::time_point begin = Clock::now();
  std::vector<const StateProbe*> probes;
  std::vector<JsonRpcClient::Request> requests;
  for (const StateProbe& probe : run_.request().profile.state_probes) {
    if (!memory_.unknown.contains(probe.call.method)) {
      probes.push_back(&probe);
      requests.push_back({probe.call.method, probe.call.params});
    }
  }
  const std::shared_ptr<JsonRpcClient> client = run_.rpc(connection);
  const std::vector<uint64_t> ids = client->SendTogether(requests);
  const int limit_ms = run_.request().limits_ms.rpc;
  WaitAccount wait{
      .for_what = "the target's state", .limit_ms = limit_ms, .most_ms = 2 * int64_t{limit_ms}};
  const auto all_here = [&] {
    return std::all_of(ids.begin(), ids.end(), [&](uint64_t id) { return client->HasAnswer(id); });
  };
  const LiveRun::Wait end = run_.WaitFor(all_here, wait);
  TargetState state;
  bool is_whole = end == LiveRun::Wait::kMet;
  std::string silent;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::optional<RpcAnswer> answer = client->TakeAnswer(ids[i]);
    const std::string& method = probes[i]->call.method;
    if (!answer) {
      client->Forget(ids[i]);
      silent = silent.empty() ? method : silent;
    } else if (IsUnknownMethod(*answer)) {
      memory_.unknown.insert(method);
    } else if (answer->outcome == Outcome::kResult) {
      state[method] = StateOf(answer->value, *probes[i]);
    } else if (answer->outcome == Outcome::kError) {
      state[method] = ErrorState(answer->value);
    } else {
      is_whole = false;
    }
  }
  memory_.looked_ms += MsSince(begin);
  if (end == LiveRun::Wait::kTimedOut && !silent.empty()) {
    NoteSilence(silent, std::move(wait));
  }
  return is_whole ? std::optional(std::move(state)) : std::nullopt;
}

// Not where an earlier request or a fault may be what the target waits for, nor where it is only
// this client that it has lost. A carrier stands still while it is forked.
void RolledBack::NoteSilence(const std::string& method, WaitAccount wait) {
  if (run_.is_carrier() || !memory_.outstanding.empty() || !run_.HeldByFaults().empty() ||
      (!run_.failed_calls().LostChannel(0).empty() && run_.ServesAnotherClient())) {
    return;
  }
  run_.CaptureHang("taken when the target had not told its state in time");
  silent_probe_ = method;
  silence_ = std::move(wait);
  silence_.for_what = "an answer to " + method + ", which tells the target's state";
}

// Nothing, unless the target was asked for its state in vain.
void RolledBack::TimeOut(StepResult& result) const {
  if (silent_probe_.empty()) {
    return;
  }
  result.status = Status::kTimedOut;
  result.wait = silence_;
  result.limit_ms = silence_.limit_ms;
  result.duration_ms = run_.now_ms() - result.begin_ms;
  result.detail = silence_.ToString();
  result.silent_probe = silent_probe_;
}

std::vector<StateChange> RolledBack::Changes(const std::string& connection) {
  const Clock::time_point end = InMs(kSettleMs);
  int64_t pause_ms = kFirstPauseMs;
  while (true) {
    const std::optional<TargetState> now = Look(connection);
    std::vector<StateChange> changes =
        now ? CompareStates(*memory_.before, *now) : std::vector<StateChange>();
    if (changes.empty() || run_.exited() || Clock::now() >= end) {
      return changes;
    }
    run_.loop().RunUntil([this] { return run_.exited(); }, InMs(pause_ms));
    pause_ms = std::min(2 * pause_ms, kLongestPauseMs);
  }
}

// Until it is not refused, or the target has had its time. True when it was answered as the step
// expects.
bool RolledBack::SendAgain(const Step& step, RollbackCheck& check) {
  const Clock::time_point end = InMs(kSettleMs);
  const auto* rpc = std::get_if<RpcStep>(&step.action);
  int64_t pause_ms = kFirstPauseMs;
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
    if (!refused || Clock::now() >= end) {
      break;
    }
    run_.loop().RunUntil([this] { return run_.exited(); }, InMs(pause_ms));
    pause_ms = std::min(2 * pause_ms, kLongestPauseMs);
  }
  if (!check.again || check.again->outcome != Outcome::kResult || run_.exited()) {
    return false;
  }
  check.again->changes = CountChanges(rpc->connection);
  return check.met;
}

// What a request brings about may come a little later than its answer.
std::optional<int> RolledBack::CountChanges(const std::string& connection) {
  constexpr int kLooks = 3;
  constexpr int64_t kPauseMs = 20;
  for (int look = 1;; ++look) {
    const std::optional<TargetState> now = Look(connection);
    if (!now) {
      return std::nullopt;
    }
    const auto changes = static_cast<int>(CompareStates(*memory_.before, *now).size());
    if (changes != 0 || look == kLooks || run_.exited()) {
      return changes;
    }
    run_.loop().RunUntil([this] { return run_.exited(); }, InMs(kPauseMs));
  }
}

void RolledBack::NoteChanges(const RpcStep& rpc, const StepResult& result) {
  std::vector<RpcExchange>& rpcs = run_.evidence().rpcs;
  if (rpcs.empty() || rpcs.back().step != result.index || rpcs.back().method != rpc.method ||
      rpcs.back().outcome != Outcome::kResult) {
    return;
  }
  const FaultFreeAnswer* model = ModelOfLast();
  const Clock::time_point end = InMs(kSettleMs);
  int64_t pause_ms = kFirstPauseMs;
  while (const std::optional<TargetState> now = Look(rpc.connection)) {
    const std::vector<StateChange> changes = CompareStates(*memory_.before, *now);
    rpcs.back().changes = static_cast<int>(changes.size());
    rpcs.back().added = Promised(changes);
    if (model == nullptr || run_.exited() || Clock::now() >= end ||
        MissingEffects(*model, rpcs.back().added).empty()) {
      return;
    }
    run_.loop().RunUntil([this] { return run_.exited(); }, InMs(pause_ms));
    pause_ms = std::min(2 * pause_ms, kLongestPauseMs);
  }
  rpcs.back().changes.reset();
}

// The fault-free run's answer to the last request; nullptr when it is not known.
const FaultFreeAnswer* RolledBack::ModelOfLast() const {
  const FaultFreeRun* fault_free = run_.request().fault_free;
  const std::vector<RpcExchange>& rpcs = run_.evidence().rpcs;
  const auto before = std::count_if(rpcs.begin(), rpcs.end() - 1, [&](const RpcExchange& rpc) {
    return rpc.method == rpcs.back().method;
  });
  return fault_free == nullptr
             ? nullptr
             : fault_free->FindAnswer(rpcs.back().method, static_cast<size_t>(before));
}

// What `changes` add where a success promises it; nothing where others act as well.
std::vector<std::string> RolledBack::Promised(const std::vector<StateChange>& changes) const {
  std::vector<std::string> added;
  const std::vector<StateProbe>& probes = run_.request().profile.state_probes;
  for (const StateChange& change : changes) {
    const bool is_promised =
        std::any_of(probes.begin(), probes.end(), [&](const StateProbe& probe) {
          return probe.promised && probe.call.method == change.probe;
        });
    if (is_promised && change.kind == StateChange::Kind::kAdded && !OthersAct()) {
      added.push_back(change.ToString());
    }
  }
  return added;
}

}  // namespace faultline
