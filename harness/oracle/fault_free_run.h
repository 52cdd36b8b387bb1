#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/oracle/static_place.h"
#include "harness/scenario/model.h"

// What a target's own fault-free runs of a scenario took, made, gave back and left: what runs with
// faults are judged against. Plain data, small enough to be kept in a cache or a store.
namespace faultline {

// Objects that are one and the same in every run; see TrackedObject::group.
struct ObjectGroup {
  std::string name;  // the group's
  // Who made its first object, where objects have no names: "f < g"; "" = they have, or no stack.
  std::string made_by;
  int order = 0;    // of its first object among those of all groups
  int created = 0;  // fewest in any of the runs
  int lasting = 0;  // of those, the ones that were there during the last step
  int alive = 0;    // at the end; most in any of the runs
  // The call that ends them, as functions, innermost first; "" when it never comes.
  std::string released_by;
  // All functions of that call's stack (see NameInFile), innermost first.
  std::vector<std::string> release_chain;
  // That call comes when the target unwinds (BeginOfUnwinding, where that is known).
  bool released_by_stop = true;
  // Names of the groups whose end this one's is a part of: the ring in a mempool.
  std::set<std::string> part_of;
  // When the last of its objects ended, among the ends of all groups; kNotEnded when one is alive.
  static constexpr int kNotEnded = -1;
  int ended = kNotEnded;

  std::string Text() const;  // "mempool `a'"; "sock_group made by f" where they have no names
};

// A variable that has a name in a registry.
struct StaticObject {
  StaticPlace place;
  std::string registry;
  std::string label;
};

struct FaultFreeAnswer {
  std::string method;
  RpcExchange::Outcome outcome = RpcExchange::Outcome::kResult;
  nlohmann::json answer;
  std::optional<int> changes = {};      // as RpcExchange::changes
  std::vector<std::string> added = {};  // in any such run; normalised, sorted
};

struct FaultFreeRun {
  int64_t start_ms = 0;  // until it was ready
  int64_t rpc_ms = 0;    // the slowest RPC answer, or other wait of a step for something to come
  int64_t stop_ms = 0;   // its end: from the stop signal on, or as long as a step waited for it
  std::vector<std::string> left_behind;       // as Evidence::left_behind
  std::vector<std::string> removed_by_steps;  // as Evidence::removed_by_steps; of any such run
  bool unwinds = false;                       // see BeginOfUnwinding
  std::vector<ObjectGroup> groups;            // by name
  std::map<std::string, int> open_files;  // at the exit, by kind (see OpenFile); most in any run
  std::map<std::string, int> opened_by;   // of those, by OpenedBy; most in any run
  std::set<int> open_std;                 // of descriptors 0 to 2, those open at the exit
  std::vector<StaticObject> static_objects;
  std::vector<FaultFreeAnswer> answers;  // in order
  // Of the log and of what the steps' commands printed, normalised; at most kMostLines.
  std::set<std::string> lines;
  static constexpr size_t kMostLines = 20'000;
  // As Evidence::lives; each is described by itself.
  std::vector<FaultFreeRun> lives = {};
  // As Evidence::targets, by name.
  std::map<std::string, FaultFreeRun> targets = {};

  // Does the log of a fault-free run, or what a command printed in it, have a line like this one?
  bool Says(const std::string& line) const;
  const ObjectGroup* FindGroup(const std::string& name) const;  // nullptr when it is not known
  // The `nth` (from 0) of the answers to `method`; nullptr when there are not so many.
  const FaultFreeAnswer* FindAnswer(const std::string& method, size_t nth) const;
};

// Of what the fault-free run's request `model` added, what is not among `added`; normalised.
std::vector<std::string> MissingEffects(const FaultFreeAnswer& model,
                                        std::vector<std::string> added);

// `scenario` tells of the other targets; nullptr: there are none.
FaultFreeRun DescribeFaultFree(const Evidence& evidence, const Catalogue& catalogue,
                               const Profile& profile, const Scenario* scenario = nullptr);

// Takes in what another fault-free run of the same scenario shows: the slowest, what is made in
// both, what is left in either.
void Widen(FaultFreeRun& run, const FaultFreeRun& other);

std::string FaultFreeToJson(const FaultFreeRun& run);
// nullopt for a text that is not such a run's.
std::optional<FaultFreeRun> FaultFreeFromJson(const std::string& text);

}  // namespace faultline
