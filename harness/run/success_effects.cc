#include "harness/run/success_effects.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace faultline {
namespace {

// What `changes` add where a success promises it.
std::vector<std::string> Promised(const std::vector<StateChange>& changes,
                                  const std::vector<StateProbe>& probes) {
  std::vector<std::string> added;
  for (const StateChange& change : changes) {
    const bool is_promised =
        std::any_of(probes.begin(), probes.end(), [&](const StateProbe& probe) {
          return probe.promised && probe.call.method == change.probe;
        });
    if (is_promised && change.kind == StateChange::Kind::kAdded) {
      added.push_back(change.ToString());
    }
  }
  return added;
}

}  // namespace

const FaultFreeAnswer* ModelOfLast(LiveRun& run) {
  const FaultFreeRun* fault_free = run.request().fault_free;
  const std::vector<RpcExchange>& rpcs = run.evidence().rpcs;
  const auto before = std::count_if(rpcs.begin(), rpcs.end() - 1, [&](const RpcExchange& rpc) {
    return rpc.method == rpcs.back().method;
  });
  return fault_free == nullptr
             ? nullptr
             : fault_free->FindAnswer(rpcs.back().method, static_cast<size_t>(before));
}

void NoteEffects(LiveRun& run, StateLook& look, const RpcStep& rpc, int step) {
  std::vector<RpcExchange>& rpcs = run.evidence().rpcs;
  if (rpcs.empty() || rpcs.back().step != step || rpcs.back().method != rpc.method ||
      rpcs.back().outcome != RpcExchange::Outcome::kResult) {
    return;
  }
  const FaultFreeAnswer* model = ModelOfLast(run);
  Settling settling(run);
  while (const auto changes = look.ChangesNow(rpc.connection)) {
    rpcs.back().changes = static_cast<int>(changes->size());
    // Where others act as well, nobody knows whose it is.
    rpcs.back().added = look.OthersAct() ? std::vector<std::string>()
                                         : Promised(*changes, run.request().profile.state_probes);
    if (model == nullptr || settling.is_over() ||
        MissingEffects(*model, rpcs.back().added).empty()) {
      return;
    }
    settling.WaitALittle();
  }
  rpcs.back().changes.reset();
}

}  // namespace faultline
