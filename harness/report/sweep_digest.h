#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/scenario/load_baseline.h"
#include "harness/store/store.h"

// What a sweep found and where, in the order in which people should read it: what the page, JUnit,
// SARIF and Markdown reports are made of.
namespace faultline {

// A visited or unvisited place.
struct DigestSite {
  StoredSite site;
  // The worst of what its runs showed: "finding", "doubtful" (a finding that is not confirmed),
  // "slow", "not reached", "clean error", "tolerated", "not visited".
  std::string verdict = "not visited";
  size_t plans = 0;
  int64_t duration_ms = 0;       // of its runs, added up
  std::vector<size_t> findings;  // indexes into SweepDigest::findings
};

struct DigestFinding {
  FindingGroup group;
  // "confirmed", "flaky", "unproven", "assumed", "not tried"; see FindingGroup.
  std::string status;
  std::string why;                       // what the status rests on, for people; may be empty
  const BaselineEntry* known = nullptr;  // borrowed from the baseline
  bool fails = false;                    // it fails the command
  StoredRun run;                         // the one that stands for it, with its evidence
  StoredFinding finding;                 // as seen in that run
  std::vector<size_t> sites;             // indexes into SweepDigest::sites; the failed one first

  // "libc/memory/calloc in f < g": what was made to fail.
  std::string injected;
  // "failed once", "failed from then on", "got SIGTERM": what happened at the call.
  std::string mode_text;
};

// Findings that a maintainer mends at once; see design.md.
struct DigestCause {
  std::string title;
  std::vector<size_t> findings;  // never empty
};

struct SweepDigest {
  StoredEnvironment environment;
  std::vector<DigestSite> sites;        // in order of position
  std::vector<DigestFinding> findings;  // the most important first
  std::vector<DigestCause> causes;      // in order of their first finding
  std::map<std::string, size_t> outcomes;
  std::optional<SweepState> last_sweep;  // nullopt: the store does not say
  size_t runs = 0;                       // made; without those that others stand for
  std::vector<Store::Census::Point> never_called;
  std::vector<Store::Census::Point> not_hooked;  // with the reason
  std::vector<std::string> nondeterministic;
  std::vector<std::string> notes;  // of the whole sweep, which are no findings
  size_t lines = 0;                // of a coverage build
  std::vector<StoredLine> lines_not_reached;

  bool passed() const;
  // "3 confirmed findings by 2 causes, 1 known", "2 findings by 1 cause (1 confirmed, 1 flaky)", or
  // "no findings".
  std::string Verdict() const;
};

// `baseline` outlives the digest. `assumed_too` as in FailsCommand.
SweepDigest MakeDigest(Store& store, const Baseline& baseline, bool assumed_too = false);

inline constexpr char kFailedCallName[] = "The call that failed";

// The stacks of a finding as JSON (see StackToJson), by what they are: kFailedCallName,
// its own (see StackName), "Thread that died".
std::vector<std::pair<std::string, std::string>> StacksOf(const DigestFinding& finding,
                                                          const SweepDigest& digest);

}  // namespace faultline
