#include "harness/run/state_look.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "harness/run/ended_meanwhile.h"

namespace faultline {
namespace {

using Outcome = RpcExchange::Outcome;

// Much of what a target takes back it takes back later: an io_device goes once its channels have
// gone. What differs for longer stays.
constexpr int64_t kSettleMs = 1'500;
constexpr int64_t kFirstLookPauseMs = 2;
constexpr int64_t kLongestLookPauseMs = 100;
constexpr int kMethodNotFound = -32601;

bool IsUnknownMethod(const RpcAnswer& answer) {
  return answer.outcome == Outcome::kError && answer.value.is_object() &&
         answer.value.value("code", nlohmann::json(0)) == kMethodNotFound;
}

// Of a target that refuses to tell its state that is the state: before its start it has none.
nlohmann::json ErrorState(const nlohmann::json& error) {
  return {{"error", error.is_object() ? error.value("code", nlohmann::json()) : error}};
}

}  // namespace

Settling::Settling(LiveRun& run) : run_(run), end_(InMs(kSettleMs)), pause_ms_(kFirstLookPauseMs) {}

void Settling::WaitALittle() {
  run_.loop().RunUntil([this] { return run_.exited(); }, InMs(pause_ms_));
  pause_ms_ = std::min(2 * pause_ms_, kLongestLookPauseMs);
}

void StateLook::Forget() {
  memory_.before.reset();
  memory_.looked_ms = 0;
}

// nullopt when the target does not tell it, or not all of it, in time.
std::optional<TargetState> StateLook::Look(const std::string& connection) {
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
void StateLook::NoteSilence(const std::string& method, WaitAccount wait) {
  if (run_.is_carrier() || !memory_.outstanding.empty() || !run_.HeldByFaults().empty() ||
      (!run_.failed_calls().LostChannel(0).empty() && run_.ServesAnotherClient())) {
    return;
  }
  run_.CaptureHang("taken when the target had not told its state in time");
  silent_probe_ = method;
  silence_ = std::move(wait);
  silence_.for_what = "an answer to " + method + ", which tells the target's state";
}

void StateLook::TimeOut(StepResult& result) const {
  if (silent_probe_.empty()) {
    return;
  }
  result.status = StepResult::Status::kTimedOut;
  result.wait = silence_;
  result.limit_ms = silence_.limit_ms;
  result.duration_ms = run_.now_ms() - result.begin_ms;
  result.detail = silence_.ToString();
  result.silent_probe = silent_probe_;
}

std::optional<std::vector<StateChange>> StateLook::ChangesNow(const std::string& connection) {
  const std::optional<TargetState> now = Look(connection);
  return now ? std::optional(CompareStates(*memory_.before, *now)) : std::nullopt;
}

std::vector<StateChange> StateLook::LastingChanges(const std::string& connection) {
  Settling settling(run_);
  while (true) {
    const std::vector<StateChange> changes =
        WithoutEnds(ChangesNow(connection).value_or(std::vector<StateChange>()),
                    run_.request().profile.state_probes);
    if (changes.empty() || settling.is_over()) {
      return changes;
    }
    settling.WaitALittle();
  }
}

std::optional<int> StateLook::CountChanges(const std::string& connection) {
  constexpr int kLooks = 3;
  constexpr int64_t kPauseMs = 20;
  for (int look = 1;; ++look) {
    const std::optional<std::vector<StateChange>> changes = ChangesNow(connection);
    if (!changes) {
      return std::nullopt;
    }
    if (!changes->empty() || look == kLooks || run_.exited()) {
      return static_cast<int>(changes->size());
    }
    run_.loop().RunUntil([this] { return run_.exited(); }, InMs(kPauseMs));
  }
}

void StateLook::NoteOutstanding(const Step& step, const StepResult& result) {
  const auto* rpc = std::get_if<RpcStep>(&step.action);
  const std::vector<RpcExchange>& rpcs = run_.evidence().rpcs;
  const bool was_awaited_in_vain = rpc != nullptr && !rpcs.empty() &&
                                   rpcs.back().step == result.index &&
                                   rpcs.back().outcome == Outcome::kNoAnswer;
  if ((rpc != nullptr && rpc->no_wait) || was_awaited_in_vain ||
      std::holds_alternative<RawStep>(step.action)) {
    memory_.outstanding.insert(step.name);
  } else if (const auto* answer = std::get_if<AnswerStep>(&step.action)) {
    memory_.outstanding.erase(answer->step);
  }
}

bool StateLook::OthersAct() const {
  const std::vector<Fault>& faults = run_.request().faults;
  return !memory_.outstanding.empty() || !run_.request().scenario.companions.empty() ||
         std::any_of(faults.begin(), faults.end(), [](const Fault& fault) {
           return fault.action == Fault::Action::kRpc || fault.action == Fault::Action::kSteps;
         });
}

}  // namespace faultline
