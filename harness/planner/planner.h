#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/protocol/plan.h"
#include "harness/scenario/model.h"

namespace faultline {

// What became of one symbol of the catalogue in one program; `faultline points` prints these.
struct PointCoverage {
  enum class Status {
    kFound,    // a hook is planned
    kInlined,  // every use was inlined (DW_TAG_inlined_subroutine, no code of its own)
    kVariant,  // only compiler variants (.constprop, .isra, .part) exist: other signatures, not
               // hooked
    kRefused,  // it is there but cannot be hooked; `reason` says why
    kMissing,  // not in this program
  };
  std::string point;  // or the observer's name
  std::string symbol;
  std::string module;  // base name; "" when missing
  Status status = Status::kMissing;
  std::string reason;  // "branch back into the prologue at +0x3", "indirect function (ifunc)", ...
  std::string note;    // "loops back to its entry: iterations count as calls", "alias of ..."
};

// "found", "inlined", ...
std::string ToString(PointCoverage::Status status);

struct PlanRequest {
  std::filesystem::path program;                 // the main executable
  std::vector<std::filesystem::path> libraries;  // shared objects it maps, at start or later
  std::vector<const FaultPoint*> points;         // to be hooked
  std::vector<const Observer*> observers;        // likewise
  // Names of points whose calls are waited for. Such as are not among `points` and `faults` are
  // looked up in the catalogue.
  std::vector<std::string> watch_returns;
  const Catalogue* catalogue = nullptr;  // wrappers, error variables
  std::vector<const Fault*> faults;      // become rules, in this order
  uint32_t flags = 0;                    // protocol::PlanFlags
  uint32_t site_depth = 16;
  std::filesystem::path journal_path;  // absolute; "" = only the coverage is wanted, no run
  std::filesystem::path fifo_prefix;
  std::filesystem::path snapshot_path;  // PlanHeader::snapshot_path
  std::filesystem::path cache_dir;      // "" = no cache
  // Tell inlined functions from missing ones by debug info: about a second for a static spdk_tgt.
  bool explain_missing = false;
  // Base names of modules of which every function is hooked, without a point: its calls are
  // counted. What is refused is in the coverage with point "". Not cached.
  std::vector<std::string> every_function_of;
};

struct Plan {
  std::vector<std::byte> bytes;           // the file, see protocol/plan.h
  std::vector<PointCoverage> coverage;    // of every symbol asked for
  std::vector<std::string> hook_symbols;  // as PlanHeader::hooks
  std::vector<std::string> hook_modules;  // base names, likewise
  std::vector<std::string> points;        // names, as PlanHeader::points
  std::vector<std::string> observers;     // names, as PlanHeader::observers
  std::vector<std::string> faults;        // ids, as PlanHeader::rules
  std::vector<std::string> notes;         // what was looked for and not found, without harm:
                                          // "caller `x` of fault `y` is not in this program"
};

// Reads the files, finds the symbols (.symtab, .dynsym, a separate debug file of the same build-id,
// .gnu_debugdata), decides what each patch displaces and how that is relocated. What cannot be
// hooked is in `coverage`, never silently left out. A fault whose point has no hook, or whose
// callers are not found, is a Failure (kBadInput) that says so with the fault's position.
// Thread-safe.
Plan MakePlan(const PlanRequest& request);

}  // namespace faultline
