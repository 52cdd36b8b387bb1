#pragma once

#include <link.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "harness/agent/journal_writer.h"
#include "harness/protocol/plan.h"

namespace faultline::agent {

// An object that the dynamic loader has mapped. Its index is its row in the journal's module table.
struct LoadedModule {
  uint64_t base;   // load bias
  uint64_t begin;  // its segments, as addresses
  uint64_t end;
  uint64_t name_hash;
  uint64_t tls_id;       // dlpi_tls_modid, 0 when it has no thread-local storage
  uint32_t plan_module;  // index into PlanHeader::modules, or kNone
  bool loaded;
  bool fresh;  // not told to the listener yet
  const ElfW(Phdr) * segments;
  uint32_t segment_count;
};

// What the program consists of: follows the dynamic loader, publishes each object in the journal
// and knows which module of the plan it is. Update() is called by one thread at a time (the
// constructor, then under the loader's own lock); the rest by any.
class Modules {
 public:
  constexpr Modules() = default;

  void Init(const protocol::PlanHeader* plan, JournalWriter* journal);

  // Compares with the loader's list. `on_load` is called for each object that was not there before,
  // `on_unload` for each that is gone. With `announce_unplanned` objects that the plan does not
  // know are journaled as kLateModule.
  struct Listener {
    void (*on_load)(const LoadedModule& module);
    void (*on_unload)(const LoadedModule& module);
  };
  void Update(const Listener& listener, bool announce_unplanned);

  // The index of the module that holds `address`, or kNone. Wait-free.
  uint32_t Find(uint64_t address) const;
  // Changes whenever something is loaded or unloaded.
  uint16_t generation() const { return generation_.load(std::memory_order_relaxed); }
  const LoadedModule& operator[](uint32_t index) const { return modules_[index]; }

  // The loaded object that is module `plan_module` of the plan, or nullptr.
  const LoadedModule* OfPlan(uint32_t plan_module) const;

  // Whether the code address lies in one of the plan's ranges.
  bool InRanges(std::span<const protocol::PlanRange> ranges, uint64_t address) const;

 private:
  struct Index;  // an immutable, sorted list of the modules that are loaded

  static int Visit(dl_phdr_info* info, size_t size, void* self);
  // `position` in the loader's list.
  void Meet(const dl_phdr_info& info, uint32_t position);
  bool IsWhereItWas(const dl_phdr_info& info, uint32_t position);
  void Seen(uint32_t row, uint32_t position);
  LoadedModule* Return(const LoadedModule& module, const protocol::BuildId& build_id);
  LoadedModule* Add(const LoadedModule& module, const protocol::BuildId& build_id,
                    std::string_view path);
  void FindUnloaded(uint32_t known);
  void Announce(uint32_t row);
  uint32_t MatchPlan(const protocol::BuildId& build_id, std::string_view path, bool is_main) const;
  void Rebuild();

  const protocol::PlanHeader* plan_ = nullptr;
  JournalWriter* journal_ = nullptr;
  const Listener* listener_ = nullptr;
  bool announce_unplanned_ = false;
  bool changed_ = false;
  uint32_t met_ = 0;   // objects of the loader's list, in this update
  uint64_t adds_ = 0;  // the loader's counters at the last update
  uint64_t subs_ = 0;
  uint32_t count_ = 0;
  uint32_t update_ = 0;  // counts calls of Update
  std::atomic<uint16_t> generation_ = 0;
  std::atomic<const Index*> index_ = nullptr;
  LoadedModule modules_[protocol::kMaxModules] = {};
  uint32_t seen_[protocol::kMaxModules] = {};    // the update that last met the module
  uint32_t row_at_[protocol::kMaxModules] = {};  // by position, as of the update that last met it
};

// The GNU build-id among the notes of an object in memory; size 0 when it has none.
protocol::BuildId ReadBuildId(const dl_phdr_info& info);

}  // namespace faultline::agent
