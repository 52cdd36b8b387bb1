#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/oracle/fault_free_run.h"
#include "harness/scenario/model.h"

namespace faultline {

// What oracles judge a run against, besides its evidence. Borrowed; outlives the judging.
struct OracleContext {
  const Scenario& scenario;
  const Profile& profile;
  const Catalogue& catalogue;
  // The target's own fault-free runs of this scenario; nullptr when there is none.
  const FaultFreeRun* fault_free = nullptr;
  // This run is to be the fault-free one: what its log says is what runs with faults are judged
  // against.
  bool is_fault_free = false;
  // Of one of several targets: a fault has hit a call of another one, and that one has given up as
  // it may (an error, a failing exit).
  bool hit_elsewhere = false;
  bool gave_up_elsewhere = false;
  // Of a later life of a target: a fault has hit a call of an earlier one, which said so or broke
  // down. What that one was to keep may not be there.
  bool lost_before = false;
};

// A judge of evidence: one file per oracle, registered by FAULTLINE_ORACLE in that file and named
// nowhere else. Judge must be pure: same evidence, same findings; it may be called from any thread.
class Oracle {
 public:
  virtual ~Oracle() = default;
  virtual std::string_view kind() const = 0;  // of its findings
  virtual std::vector<Finding> Judge(const Evidence& evidence,
                                     const OracleContext& context) const = 0;
  // Does `own`, a finding of this oracle, explain `other`, one of another oracle in the same run?
  // Then only `own` is reported, and tells the other among its details: one bug, one finding.
  // Unless an oracle knows better, whatever is wrong explains that the scenario did not go as
  // written, and what else is said of it (HappensOnce).
  virtual bool Explains(const Finding& own, const Finding& other, const Evidence& evidence,
                        const OracleContext& context) const;
};

// One run dies once, hangs once and swallows one failure: two findings of such a kind speak of the
// same bug. What leaks or breaks memory may do so in several places.
bool HappensOnce(std::string_view kind);

// The kind of findings that only say that a run did not go as its scenario says.
inline constexpr std::string_view kExpectation = "expectation";

// All registered oracles, in order of kind.
const std::vector<std::unique_ptr<Oracle>>& AllOracles();

// Every oracle's findings, each bug once (see Oracle::Explains), the injected faults attributed,
// known findings of the scenario marked. Failure (kBadInput) when a pattern of the profile or the
// scenario is not a regular expression.
std::vector<Finding> Judge(const Evidence& evidence, const OracleContext& context);

namespace oracle_internal {
bool Register(std::unique_ptr<Oracle> oracle);
}  // namespace oracle_internal

#define FAULTLINE_ORACLE(Type)                                            \
  [[maybe_unused]] static const bool faultline_oracle_registered_##Type = \
      ::faultline::oracle_internal::Register(std::make_unique<Type>())

// Changes with the sources of the oracles: verdicts of different ones must not be mixed.
uint64_t OracleVersion();

}  // namespace faultline
