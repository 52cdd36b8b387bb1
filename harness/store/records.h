#pragma once

#include <cstdint>
#include <string>
#include <vector>

// What a store holds, as plain values. Stacks and evidence are JSON texts that sweep and report
// give a meaning to; times are milliseconds.
namespace faultline {

// What a sweep was made of. Runs of different environments must not be mixed: everything but
// `machine` and `version` has to agree when a sweep is resumed or merged.
struct StoredEnvironment {
  std::string scenario;       // its name
  std::string scenario_file;  // as given
  std::string scenario_key;   // of its content, see SweepKey
  std::string profile;
  std::string program;      // absolute path
  std::string program_key;  // build-id, or what stands for it
  std::string machine;      // "HOST, CPUS cpus, KERNEL"
  std::string version;      // Faultline's
  std::string rules_key;    // of the rules that verdicts are made by, see RulesKey
};

// A place that can fail.
struct StoredSite {
  std::string hash;      // 16 hexadecimal digits, protocol::SiteEntry::hash
  std::string point;     // catalogue name
  std::string place;     // "FUNCTION < CALLER < ...": the same in other builds of the same source
  std::string stack;     // JSON: [{"function":..., "file":..., "line":..., "module":...}, ...]
  int64_t calls = 0;     // in the fault-free run; 0 for a site first seen after a fault
  int64_t step = 0;      // of its first call
  int64_t position = 0;  // of its first call among all calls
  std::string thread;
  bool before_main = false;
  std::string nested_in;   // hash of the site that it is a part of; "" = stands for itself
  std::string seen_after;  // hash of the failed site it is first seen after; "" = fault-free
};

// One broken promise in one run.
struct StoredFinding {
  std::string signature;
  std::string kind;
  std::string title;
  std::string object;
  int64_t step = 0;
  std::string details;  // JSON: list of lines
  std::string stack;    // JSON
  std::string cause;    // see Finding::cause
};

// StoredRun::note of a run that gave up in a way by which what it held is nobody's to give back, so
// that leaks of objects and descriptors were not judged.
inline constexpr char kLeaksNotJudged[] = "leaks are not judged";

// One visited plan.
struct StoredRun {
  std::string key;         // identifies the plan; see PlanKey
  std::string mode;        // "transient", "persistent", "sigterm", "pair", ...
  std::string site;        // hash of the (last) failed site
  std::string first_site;  // of a pair: the one that failed first
  std::string outcome;     // "tolerated", "clean error", "slow", "finding", "not reached", "alike"
  std::string exit;        // as ExitStatus::ToString
  std::string alike;       // key of the run that stands for this one; "" = it was really run
  std::string note;        // "hung once while the machine was busy"
  int64_t duration_ms = 0;
  int64_t harness_cpu_us = 0;  // spent by the harness's own thread
  std::string shard;           // "2/4", "" = unsharded
  std::string evidence;        // compact JSON
  std::vector<StoredFinding> findings;
};

// An executable source line of a target that was built with --coverage, in a function that some run
// entered.
struct StoredLine {
  // How it was reached; the greater one holds when several runs or stores say different things.
  enum class Reached { kNever = 0, kSwept = 1, kFaultFree = 2 };
  std::string file;
  int line = 0;
  std::string function;
  Reached reached = Reached::kNever;
};

// How the last sweep into a store went. One that was killed never said that it ended.
struct SweepState {
  bool ended = false;     // by itself: all was visited, or its budget was spent
  int64_t plans = 0;      // of that sweep; 0 before it has ended
  int64_t remaining = 0;  // of these, those that were not visited
};

// Whether the failure behind a finding is one that can happen. Only functions that fail because
// something below them fails need a proof: see harness/sweep/proof.h.
struct StoredProof {
  enum class State { kNotNeeded = 0, kProven = 1, kMissing = 2 };
  State state = State::kNotNeeded;
  std::string text;  // what proves it, or why nothing does; for people
  std::string site;  // hash of the site below whose failure proves it; "" when none does
};

// What a confirmation found out about a finding.
struct Confirmation {
  std::string signature;
  int64_t tries = 0;
  int64_t confirmed = 0;      // of the tries, how many showed the same signature
  std::string plan_key;       // the plan that stands for it
  std::string scenario;       // a scenario file that shows it, minimised
  int64_t control_tries = 0;  // the same runs without the fault; 0: no need to ask
  int64_t control = 0;        // how many of these showed it too
  StoredProof proof = {};
  std::string places = "";  // JSON: where the scenario's faults are, see harness/sweep/relocate.h
  // Where the stop signal may have brought it about or hidden it: the same runs in which the target
  // is left to end by itself.
  int64_t unsignalled_tries = 0;  // 0: no need to ask
  int64_t unsignalled = 0;        // how many of these showed it too
};

// All findings with one signature.
struct FindingGroup {
  std::string id;  // 8 hexadecimal digits of the signature
  std::string signature;
  std::string kind;
  std::string title;
  std::string cause;  // of the run with the least key; "" = none but itself
  // The function that it is in is the program's own, no library's.
  bool in_own_code = false;
  int64_t runs = 0;                   // plans that showed it, alike ones among them
  int64_t seen = 0;                   // of these, how many were really run
  int64_t sites = 0;                  // distinct sites
  std::vector<std::string> run_keys;  // in order of key
  // From its confirmation, see there; tries is 0 before. What they say: see status.h.
  int64_t tries = 0;
  int64_t confirmed = 0;
  int64_t control_tries = 0;
  int64_t control = 0;
  int64_t unsignalled_tries = 0;
  int64_t unsignalled = 0;
  StoredProof proof;
  std::string plan_key;
  std::string scenario;  // "" = not yet written
  std::string places;
};

// The 8 digits by which users name the finding with `signature`.
std::string FindingId(const std::string& signature);

}  // namespace faultline
