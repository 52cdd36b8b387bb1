#pragma once

#include <string>
#include <vector>

#include "harness/scenario/model.h"
#include "harness/store/records.h"
#include "harness/sweep/selection.h"
#include "harness/sweep/shard.h"

namespace faultline {

// What happens at a visited site.
enum class SweepMode {
  kTransient,       // the call fails once
  kPersistent,      // it fails, and so does every later call of its point: SPDK retries some
                    // allocations elsewhere, which hides a single failure
  kSigterm,         // the target gets SIGTERM in that moment, the call goes on
  kSigint,          // likewise SIGINT
  kSigtermTwice,    // SIGTERM, and again at the next call of the point
  kStopRpc,         // the profile's stop_rpc is sent to it in that moment
  kDropConnection,  // the harness's RPC connection is closed in that moment
  kPair,            // two sites fail: the second is only reached after the failure of the first
};

// "transient", "sigterm-twice", ...
std::string ModeName(SweepMode mode);
// Failure (kBadInput) with the nearest word when there is none.
SweepMode ParseMode(const std::string& text);

// Are requests that fail in such a run sent again without the fault? Not where a failure persists:
// there the scenario goes on with what the failed request has left.
bool ChecksRolledBack(SweepMode mode);

// The faults of one run of a sweep.
struct SweepPlan {
  std::string key;  // the same in every sweep of the same program; identifies the run in a store
  SweepMode mode = SweepMode::kTransient;
  StoredSite site;         // of a pair: the second
  std::string first_site;  // of a pair: hash of the first
  std::vector<Fault> faults;
  // Plans of one cause: sites before main that one function reaches. Constructors that assert by
  // design would crash alike hundreds of times; see Batch.
  std::string cause;
};

// Plans that one worker goes through in order. When the first of a cause crashes before main, the
// others of that cause are taken to do alike and are only counted. A cause belongs whole to a
// shard, or what stands for what would depend on the shards.
struct Batch {
  std::string key;  // of the shard: the cause, or the key of its only plan
  std::vector<SweepPlan> plans;
};

// `sites` in their order, each in each of `modes` (kPair excepted, see MakePairPlan). With
// `occurrences` above 1 also the second, third ... call of a site that is called so often.
// `stop_rpc` is the profile's; only kStopRpc needs it.
std::vector<SweepPlan> MakePlans(const std::vector<StoredSite>& sites,
                                 const std::vector<SweepMode>& modes, int occurrences,
                                 const RpcCall& stop_rpc = {});

// The pair of a failed site and one that is first seen after its failure.
SweepPlan MakePairPlan(const StoredSite& first, const StoredSite& second);

// Faults that come by themselves are meant for this life of the target (0: any). What goes on from
// another fault on does so in later lives too.
void InLife(int life, std::vector<Fault>& faults);

// Keeps the order of first plans. `apart`: each plan is a batch, in the order of the plans: what a
// batch goes through one by one is passed by those that others go through meanwhile.
std::vector<Batch> MakeBatches(std::vector<SweepPlan> plans, const Shard& shard,
                               bool apart = false);

}  // namespace faultline
