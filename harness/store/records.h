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
};

// One visited plan.
struct StoredRun {
  std::string key;         // identifies the plan; see PlanKey
  std::string mode;        // "transient", "persistent", "sigterm", "pair", ...
  std::string site;        // hash of the (last) failed site
  std::string first_site;  // of a pair: the one that failed first
  std::string outcome;     // "tolerated", "clean error", "finding", "not reached", "alike"
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

// All findings with one signature.
struct FindingGroup {
  std::string id;  // 8 hexadecimal digits of the signature
  std::string signature;
  std::string kind;
  std::string title;
  int64_t runs = 0;                   // plans that showed it, alike ones among them
  int64_t sites = 0;                  // distinct sites
  std::vector<std::string> run_keys;  // in order of key
  // From its confirmation; tries is 0 before.
  int64_t tries = 0;
  int64_t confirmed = 0;  // of the tries, how many showed the same signature
  std::string plan_key;   // the plan that stands for it
  std::string scenario;   // a scenario file that shows it, minimised; "" = not yet written

  // A hang that never came again when it was alone: the machine was busy, the target is not to
  // blame. It is told and fails nothing.
  bool is_unproven() const { return kind == "hang" && tries > 0 && confirmed == 0; }
};

// What a confirmation found out about a finding.
struct Confirmation {
  std::string signature;
  int64_t tries = 0;
  int64_t confirmed = 0;
  std::string plan_key;
  std::string scenario;
};

// The 8 digits by which users name the finding with `signature`.
std::string FindingId(const std::string& signature);

}  // namespace faultline
