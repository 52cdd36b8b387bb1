#include "harness/store/merge.h"

#include <map>
#include <optional>
#include <tuple>

#include "harness/base/failure.h"
#include "harness/store/status.h"
#include "harness/store/store.h"

namespace faultline {
namespace {

// Of several confirmations of one finding the one to be believed most, then the better confirmed,
// then the one with the shorter scenario is kept.
auto Rank(const Confirmation& confirmation) {
  FindingGroup group;
  Apply(confirmation, group);
  return std::tuple(StatusOf(group), -confirmation.confirmed, confirmation.scenario.size(),
                    confirmation.plan_key);
}

void MergeConfirmations(Store& out, Store& in) {
  std::map<std::string, Confirmation> best;
  for (const Confirmation& confirmation : out.Confirmations()) {
    best[confirmation.signature] = confirmation;
  }
  for (const Confirmation& confirmation : in.Confirmations()) {
    const auto [known, is_new] = best.try_emplace(confirmation.signature, confirmation);
    if (is_new || Rank(confirmation) < Rank(known->second)) {
      known->second = confirmation;
      out.SetConfirmation(confirmation);
    }
  }
}

void MergeSites(Store& out, Store& in) {
  Store::Census census;
  census.selection = "merged";
  census.nondeterministic = in.Nondeterministic();
  census.points = in.Points();
  std::map<std::string, int64_t> calls;
  for (const Store::Census::Point& point : out.Points()) {
    calls[point.name] = point.calls;
  }
  for (Store::Census::Point& point : census.points) {
    point.calls = std::max(point.calls, calls[point.name]);
  }
  census.sites = in.Sites();
  out.AddCensus(census);
}

size_t MergeRuns(Store& out, Store& in) {
  size_t in_several = 0;
  const std::set<std::string> known = out.RunKeys();
  for (const StoredRun& run : in.Runs(/*with_evidence=*/true)) {
    in_several += known.count(run.key);
    out.AddRun(run);
  }
  return in_several;
}

// A sweep has ended when all its shards have. Of an input that does not say nothing is known.
void AddState(Store& store, std::optional<SweepState>& all) {
  const std::optional<SweepState> state = store.LastSweep();
  if (!state || !all) {
    all.reset();
    return;
  }
  all->ended = all->ended && state->ended;
  all->plans += state->plans;
  all->remaining += state->remaining;
}

// All must be readable, and of one sweep, before any is taken: `out_file` is then not even made.
void CheckAllFit(const std::filesystem::path& out_file,
                 const std::vector<std::filesystem::path>& inputs) {
  std::error_code ignored;
  std::vector<std::filesystem::path> files = inputs;
  if (std::filesystem::exists(out_file, ignored)) {
    files.insert(files.begin(), out_file);
  }
  std::optional<StoredEnvironment> first;
  for (const std::filesystem::path& file : files) {
    Store store(file, Store::Mode::kRead);
    for (const StoredEnvironment& environment : store.Environments()) {
      first = first.value_or(environment);
      store.CheckEnvironment(*first);
    }
  }
}

}  // namespace

MergeResult MergeStores(const std::filesystem::path& out_file,
                        const std::vector<std::filesystem::path>& inputs) {
  for (const std::filesystem::path& input : inputs) {
    std::error_code ignored;
    if (std::filesystem::equivalent(input, out_file, ignored)) {
      throw Failure::BadInput("cannot merge " + input.string() + " into itself");
    }
  }
  CheckAllFit(out_file, inputs);
  MergeResult result;
  Store out(out_file, Store::Mode::kCreate);
  std::optional<SweepState> state = SweepState{.ended = true};
  if (!out.RunKeys().empty()) {
    AddState(out, state);
  }
  for (const std::filesystem::path& input : inputs) {
    Store in(input, Store::Mode::kRead);
    for (const StoredEnvironment& environment : in.Environments()) {
      out.AddEnvironment(environment);
    }
    MergeSites(out, in);
    result.runs_in_several += MergeRuns(out, in);
    MergeConfirmations(out, in);
    out.AddLines(in.Lines());
    AddState(in, state);
  }
  if (state) {
    out.SetLastSweep(*state);
  }
  result.runs = out.RunKeys().size();
  result.findings = out.Findings().size();
  return result;
}

}  // namespace faultline
