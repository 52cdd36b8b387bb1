#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "harness/protocol/journal.h"
#include "harness/protocol/plan.h"

// What tests of the journal need of the other side: a plan that asks for tables, and the file as
// the agent maps and fills it.
namespace faultline::testkit {

// A plan file with `hooks` hooks and one rule per element of `armed`.
inline std::vector<std::byte> MakePlan(uint32_t hooks, const std::vector<bool>& armed) {
  protocol::PlanHeader header;
  header.hooks = {sizeof(header), hooks};
  header.rules = {static_cast<uint32_t>(sizeof(header) + hooks * sizeof(protocol::PlanHook)),
                  static_cast<uint32_t>(armed.size())};
  header.file_size = header.rules.offset + armed.size() * sizeof(protocol::PlanRule);
  std::vector<std::byte> bytes(header.file_size);
  std::memcpy(bytes.data(), &header, sizeof(header));
  for (size_t i = 0; i < armed.size(); ++i) {
    protocol::PlanRule rule;
    rule.armed_at_start = armed[i] ? 1 : 0;
    std::memcpy(bytes.data() + header.rules.offset + i * sizeof(rule), &rule, sizeof(rule));
  }
  return bytes;
}

class MappedJournal {
 public:
  explicit MappedJournal(const std::filesystem::path& path)
      : size_(std::filesystem::file_size(path)) {
    const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
    base_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (base_ == MAP_FAILED) {
      throw std::runtime_error("mmap " + path.string());
    }
  }
  ~MappedJournal() { munmap(base_, size_); }
  MappedJournal(const MappedJournal&) = delete;
  MappedJournal& operator=(const MappedJournal&) = delete;

  const void* base() const { return base_; }
  uint64_t size() const { return size_; }
  protocol::JournalHeader& header() { return *static_cast<protocol::JournalHeader*>(base_); }

  template <typename T>
  T& Row(uint64_t table_offset, uint64_t index) {
    return reinterpret_cast<T*>(static_cast<std::byte*>(base_) + table_offset)[index];
  }
  protocol::JournalRecord& record(uint64_t position) {
    return Row<protocol::JournalRecord>(header().records_offset, position);
  }
  protocol::StackEntry& stack(uint32_t slot) {
    return Row<protocol::StackEntry>(header().stacks_offset, slot);
  }
  protocol::SiteEntry& site(uint32_t slot) {
    return Row<protocol::SiteEntry>(header().sites_offset, slot);
  }
  protocol::ModuleEntry& module(uint32_t index) {
    return Row<protocol::ModuleEntry>(header().modules_offset, index);
  }

  // Each as the agent writes it: contents first, the word that publishes them last.
  void AddModule(std::string_view path, std::string_view hashed_name) {
    protocol::ModuleEntry& row = module(header().modules);
    row.base = 0x7000'0000'0000;
    row.name_hash = protocol::HashText(hashed_name);
    row.build_id.size = 2;
    row.build_id.bytes[0] = 0x0a;
    row.build_id.bytes[1] = 0xff;
    path.copy(row.path, sizeof(row.path) - 1);
    ++header().modules;
  }
  void PutStack(uint32_t slot, const std::vector<uint64_t>& frames) {
    protocol::StackEntry& entry = stack(slot);
    entry.depth = static_cast<uint32_t>(frames.size());
    std::copy(frames.begin(), frames.end(), entry.frames);
    entry.hash = 0x1000 + slot;
  }
  void PutSite(uint32_t slot, uint32_t point, uint32_t stack_slot) {
    protocol::SiteEntry& entry = site(slot);
    entry.point = point;
    entry.stack = stack_slot;
    entry.calls = 1;
    entry.hash = 0x2000 + slot;
    header().sites = std::max<uint32_t>(header().sites, slot + 1);
  }
  // Claims the next position; `finished` false leaves the record as one that was being written.
  protocol::JournalRecord& Append(protocol::JournalRecord record_to_add, bool finished = true) {
    const uint64_t position = header().records++;
    record_to_add.sequence = finished ? position + 1 : 0;
    return record(position) = record_to_add;
  }

 private:
  uint64_t size_;
  void* base_;
};

}  // namespace faultline::testkit
