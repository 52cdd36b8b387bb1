#include "harness/agent/modules.h"

#include <algorithm>
#include <cstring>

#include "harness/agent/heap.h"
#include "harness/agent/raw.h"

namespace faultline::agent {
namespace {

using namespace protocol;

std::string_view BaseName(std::string_view path) {
  path.remove_prefix(path.find_last_of('/') + 1);  // npos + 1 is 0
  return path;
}

// The object's path, in `buffer` for the main program, which the loader lists without a name.
std::string_view PathOf(const dl_phdr_info& info, std::span<char> buffer, bool is_main) {
  if (!is_main) {
    return info.dlpi_name;
  }
  const long size = Syscall(__NR_readlink, "/proc/self/exe", buffer.data(), buffer.size());
  return {buffer.data(), size > 0 ? static_cast<size_t>(size) : 0};
}

constexpr int kNothingNew = 1;  // ends the walk through the loader's list

constexpr uint64_t AlignNote(uint64_t size, uint64_t alignment) {
  return (size + alignment - 1) & ~(alignment - 1);
}

BuildId FindInNotes(uint64_t address, uint64_t size, uint64_t alignment) {
  BuildId id;
  alignment = alignment == 8 ? 8 : 4;
  while (size >= sizeof(ElfW(Nhdr))) {
    const auto& note = *reinterpret_cast<const ElfW(Nhdr)*>(address);
    const uint64_t name_end = AlignNote(sizeof(note) + note.n_namesz, alignment);
    const uint64_t end = AlignNote(name_end + note.n_descsz, alignment);
    if (name_end + note.n_descsz > size) {
      return id;
    }
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
        std::memcmp(&note + 1, "GNU", 4) == 0) {
      id.size = static_cast<uint8_t>(std::min<size_t>(note.n_descsz, sizeof(id.bytes)));
      std::memcpy(id.bytes, reinterpret_cast<const void*>(address + name_end), id.size);
      return id;
    }
    address += std::min(end, size);
    size -= std::min(end, size);
  }
  return id;
}

}  // namespace

BuildId ReadBuildId(const dl_phdr_info& info) {
  for (const ElfW(Phdr) & segment : std::span(info.dlpi_phdr, info.dlpi_phnum)) {
    if (segment.p_type == PT_NOTE) {
      const BuildId id =
          FindInNotes(info.dlpi_addr + segment.p_vaddr, segment.p_memsz, segment.p_align);
      if (id.size != 0) {
        return id;
      }
    }
  }
  return {};
}

struct Modules::Index {
  struct Range {
    uint64_t begin;
    uint64_t end;
    uint32_t module;
  };
  uint32_t count;
  uint32_t reserved;

  // `count` of them follow.
  Range* ranges() { return reinterpret_cast<Range*>(this + 1); }
  const Range* ranges() const { return reinterpret_cast<const Range*>(this + 1); }
};

void Modules::Init(const PlanHeader* plan, JournalWriter* journal) {
  plan_ = plan;
  journal_ = journal;
}

void Modules::Update(const Listener& listener, bool announce_unplanned) {
  listener_ = &listener;
  announce_unplanned_ = announce_unplanned;
  changed_ = false;
  met_ = 0;
  ++update_;
  const uint32_t known = count_;
  if (dl_iterate_phdr(&Modules::Visit, this) == kNothingNew) {
    return;
  }
  FindUnloaded(known);
  if (!changed_) {
    return;
  }
  Rebuild();
  for (LoadedModule& module : std::span(modules_, count_)) {
    if (module.fresh) {
      module.fresh = false;
      listener.on_load(module);
    }
  }
}

int Modules::Visit(dl_phdr_info* info, size_t size, void* self) {
  if (size < offsetof(dl_phdr_info, dlpi_tls_data)) {
    return 0;
  }
  auto& modules = *static_cast<Modules*>(self);
  if (modules.met_ == 0) {
    if (info->dlpi_adds == modules.adds_ && info->dlpi_subs == modules.subs_) {
      return kNothingNew;
    }
    modules.adds_ = info->dlpi_adds;
    modules.subs_ = info->dlpi_subs;
  }
  modules.Meet(*info, modules.met_++);
  return 0;
}

bool Modules::IsWhereItWas(const dl_phdr_info& info, uint32_t position) {
  if (position >= kMaxModules || row_at_[position] >= count_) {
    return false;
  }
  const uint32_t row = row_at_[position];
  const LoadedModule& module = modules_[row];
  if (!module.loaded || module.base != info.dlpi_addr || module.segments != info.dlpi_phdr ||
      seen_[row] == update_) {
    return false;
  }
  Seen(row, position);
  return true;
}

void Modules::Seen(uint32_t row, uint32_t position) {
  seen_[row] = update_;
  if (position < kMaxModules) {
    row_at_[position] = row;
  }
}

void Modules::Meet(const dl_phdr_info& info, uint32_t position) {
  if (IsWhereItWas(info, position)) {
    return;
  }
  const bool is_main = position == 0;  // the loader lists it first
  LoadedModule module{};
  module.base = info.dlpi_addr;
  module.begin = UINT64_MAX;
  for (const ElfW(Phdr) & segment : std::span(info.dlpi_phdr, info.dlpi_phnum)) {
    if (segment.p_type == PT_LOAD) {
      module.begin = std::min(module.begin, module.base + segment.p_vaddr);
      module.end = std::max(module.end, module.base + segment.p_vaddr + segment.p_memsz);
    }
  }
  if (module.begin >= module.end) {
    return;
  }
  const uint32_t known = Find(module.begin);
  if (known != kNone && seen_[known] != update_) {
    Seen(known, position);
    return;
  }
  char buffer[kModulePathSize];
  const std::string_view path = PathOf(info, buffer, is_main);
  const BuildId build_id = ReadBuildId(info);
  module.name_hash = HashText(is_main ? "" : BaseName(path));
  module.tls_id = info.dlpi_tls_modid;
  module.segments = info.dlpi_phdr;
  module.segment_count = info.dlpi_phnum;
  module.plan_module = MatchPlan(build_id, path, is_main);
  module.loaded = true;
  module.fresh = true;
  LoadedModule* row = Return(module, build_id);
  if (row == nullptr) {
    row = Add(module, build_id, path);
  }
  if (row != nullptr) {
    Seen(static_cast<uint32_t>(row - modules_), position);
    changed_ = true;
  }
}

// An object that was unloaded and comes back to the same place gets its old row again.
LoadedModule* Modules::Return(const LoadedModule& module, const BuildId& build_id) {
  for (uint32_t row = 0; row < count_; ++row) {
    LoadedModule& old = modules_[row];
    if (!old.loaded && old.base == module.base && old.name_hash == module.name_hash &&
        old.end == module.end && journal_->module(row).build_id == build_id) {
      old = module;
      journal_->module(row).unloaded = 0;
      return &old;
    }
  }
  return nullptr;
}

LoadedModule* Modules::Add(const LoadedModule& module, const BuildId& build_id,
                           std::string_view path) {
  uint32_t row = 0;
  ModuleEntry* entry = journal_->NextModuleRow(&row);
  if (entry == nullptr) {
    return nullptr;
  }
  modules_[row] = module;
  count_ = row + 1;
  entry->base = module.base;
  entry->text_begin = module.begin - module.base;
  entry->text_end = module.end - module.base;
  entry->name_hash = module.name_hash;
  entry->plan_module = module.plan_module;
  entry->build_id = build_id;
  if (path.size() >= sizeof(entry->path)) {
    path.remove_prefix(path.size() - sizeof(entry->path) + 1);
  }
  std::memcpy(entry->path, path.data(), path.size());
  journal_->PublishModules();
  Announce(row);
  return &modules_[row];
}

void Modules::Announce(uint32_t row) {
  JournalRecord record;
  record.kind = JournalRecord::kModule;
  record.index = row;
  journal_->Append(record);
  if (announce_unplanned_ && modules_[row].plan_module == kNone) {
    record.kind = JournalRecord::kLateModule;
    journal_->Append(record);
  }
}

void Modules::FindUnloaded(uint32_t known) {
  for (uint32_t row = 0; row < known; ++row) {
    LoadedModule& module = modules_[row];
    if (module.loaded && seen_[row] != update_) {
      module.loaded = false;
      journal_->module(row).unloaded = 1;
      changed_ = true;
      listener_->on_unload(module);
    }
  }
}

uint32_t Modules::MatchPlan(const BuildId& build_id, std::string_view path, bool is_main) const {
  uint32_t index = 0;
  for (const PlanModule& module : plan_->modules.In(plan_)) {
    const auto same_name = [&] {
      return module.is_main != 0 ? is_main
                                 : !is_main && BaseName(path) == module.base_name.In(plan_);
    };
    if (module.build_id.size != 0 ? module.build_id == build_id
                                  : build_id.size == 0 && same_name()) {
      return index;
    }
    ++index;
  }
  return kNone;
}

void Modules::Rebuild() {
  const size_t bytes = sizeof(Index) + count_ * sizeof(Index::Range);
  auto* index = static_cast<Index*>(agent_heap.Allocate(bytes));
  if (index == nullptr) {
    return;
  }
  for (uint32_t row = 0; row < count_; ++row) {
    const LoadedModule& module = modules_[row];
    if (module.loaded) {
      index->ranges()[index->count++] = {module.begin, module.end, row};
    }
  }
  std::sort(index->ranges(), index->ranges() + index->count,
            [](const Index::Range& a, const Index::Range& b) { return a.begin < b.begin; });
  // The old index is never freed: a thread may be reading it. That is at most 24 bytes for each
  // loaded module and each dlopen or dlclose.
  index_.store(index, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_relaxed);
}

uint32_t Modules::Find(uint64_t address) const {
  const Index* index = index_.load(std::memory_order_acquire);
  if (index == nullptr) {
    return kNone;
  }
  const Index::Range* end = index->ranges() + index->count;
  const Index::Range* after = std::upper_bound(
      index->ranges(), end, address,
      [](uint64_t value, const Index::Range& range) { return value < range.begin; });
  if (after == index->ranges() || address >= after[-1].end) {
    return kNone;
  }
  return after[-1].module;
}

const LoadedModule* Modules::OfPlan(uint32_t plan_module) const {
  for (const LoadedModule& module : std::span(modules_, count_)) {
    if (module.loaded && module.plan_module == plan_module) {
      return &module;
    }
  }
  return nullptr;
}

bool Modules::InRanges(std::span<const PlanRange> ranges, uint64_t address) const {
  if (ranges.empty()) {
    return false;
  }
  const uint32_t index = Find(address);
  if (index == kNone) {
    return false;
  }
  const LoadedModule& module = modules_[index];
  const uint64_t offset = address - module.base;
  return std::any_of(ranges.begin(), ranges.end(), [&](const PlanRange& range) {
    return range.module == module.plan_module && offset >= range.begin && offset < range.end;
  });
}

}  // namespace faultline::agent
