#include "harness/evidence/journal_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "harness/base/failure.h"
#include "harness/base/unique_fd.h"
#include "harness/evidence/journal_layout.h"
#include "harness/protocol/plan.h"

namespace faultline {
namespace {

using protocol::HashSlot;
using protocol::JournalHeader;

const protocol::PlanHeader& CheckedPlan(std::span<const std::byte> plan) {
  const auto* header = reinterpret_cast<const protocol::PlanHeader*>(plan.data());
  if (plan.size() < sizeof(protocol::PlanHeader) || header->magic != protocol::kPlanMagic ||
      header->version != protocol::kPlanVersion || !header->hooks.CheckBounds(plan.size()) ||
      !header->rules.CheckBounds(plan.size()) || header->rules.count > protocol::kMaxRules) {
    throw Failure::CannotWork("a journal was asked for something that is not a plan");
  }
  return *header;
}

template <typename T>
std::span<T> TableAt(void* base, uint64_t offset, uint64_t count) {
  return {reinterpret_cast<T*>(static_cast<char*>(base) + offset), count};
}

// On a file system that fills up, touching a hole is a SIGBUS, here and in the target: the blocks
// are reserved. Not where so much is free that no run fills it: on tmpfs it takes 40 ms.
void Reserve(int fd, const std::filesystem::path& path, uint64_t size) {
  constexpr uint64_t kPlenty = uint64_t{1} << 30;
  struct statvfs space {};
  if (fstatvfs(fd, &space) == 0 && space.f_bavail >= kPlenty / space.f_frsize) {
    return;
  }
  int result = 0;
  do {
    result = fallocate(fd, 0, 0, static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  if (result != 0 && errno != EOPNOTSUPP && errno != ENOSYS) {
    throw Failure::FromErrno(
        fmt::format("no room for the journal of a run ({} MiB): make some, or set TMPDIR to a "
                    "directory that has it: {}",
                    size >> 20, path.string()),
        errno);
  }
}

}  // namespace

JournalFile JournalFile::Create(const std::filesystem::path& path, std::span<const std::byte> plan,
                                const JournalCapacities& capacities) {
  const protocol::PlanHeader& plan_header = CheckedPlan(plan);
  if (!std::has_single_bit(capacities.stacks) || !std::has_single_bit(capacities.sites)) {
    throw Failure::CannotWork("the journal's stack and site tables must be powers of two");
  }
  JournalHeader sizes{};
  LayOutJournal(sizes, plan_header, capacities);

  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) {
    throw Failure::FromErrno("cannot create the journal " + path.string(), errno);
  }
  if (ftruncate(fd.get(), static_cast<off_t>(sizes.file_size)) != 0) {
    throw Failure::FromErrno("cannot size the journal " + path.string(), errno);
  }
  Reserve(fd.get(), path, sizes.file_size);
  void* base = mmap(nullptr, sizes.file_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (base == MAP_FAILED) {
    throw Failure::FromErrno("cannot map the journal " + path.string(), errno);
  }
  // Little of it is ever touched: what the kernel reads ahead on a disk's file system, holes, took
  // half of all CPU time that the harness spent on a run.
  madvise(base, sizes.file_size, MADV_RANDOM);
  JournalFile file(fd.release(), base, sizes.file_size);
  auto* header = new (base) JournalHeader{};
  LayOutJournal(*header, plan_header, capacities);
  header->magic = protocol::kJournalMagic;
  header->version = protocol::kJournalVersion;
  file.rules_ = TableAt<protocol::RuleState>(base, header->rules_offset, header->rules_capacity);
  file.sites_ = TableAt<protocol::SiteEntry>(base, header->sites_offset, header->sites_capacity);
  file.site_slots_ =
      TableAt<HashSlot>(base, header->site_slots_offset, header->site_slots_capacity);
  file.records_ =
      TableAt<protocol::JournalRecord>(base, header->records_offset, header->records_capacity);
  std::memcpy(file.layout_.data(), base, file.layout_.size());
  file.points_ = plan_header.points.count;
  uint32_t index = 0;
  for (const protocol::PlanRule& rule : plan_header.rules.In(plan.data())) {
    if (rule.armed_at_start != 0) {
      file.Arm(index);
    }
    ++index;
  }
  return file;
}

JournalFile::JournalFile(JournalFile&& other) noexcept : JournalFile(-1, nullptr, 0) {
  *this = std::move(other);
}

JournalFile& JournalFile::operator=(JournalFile&& other) noexcept {
  if (this != &other) {
    Release();
    fd_ = std::exchange(other.fd_, -1);
    base_ = std::exchange(other.base_, nullptr);
    size_ = std::exchange(other.size_, 0);
    rules_ = std::exchange(other.rules_, {});
    sites_ = std::exchange(other.sites_, {});
    site_slots_ = std::exchange(other.site_slots_, {});
    records_ = std::exchange(other.records_, {});
    layout_ = other.layout_;
    points_ = other.points_;
  }
  return *this;
}

JournalFile::~JournalFile() { Release(); }

void JournalFile::Release() {
  if (base_ != nullptr) {
    munmap(base_, size_);
    close(fd_);
  }
}

void JournalFile::SetStep(uint32_t step) { header()->step.store(step, std::memory_order_relaxed); }

void JournalFile::SetTarget(uint32_t pid, bool settled) {
  header()->target_pid.store(pid, std::memory_order_relaxed);
  if (settled) {
    header()->settled.store(1, std::memory_order_relaxed);
  }
}

std::atomic<uint64_t>& JournalFile::ArmedWord(uint32_t rule) {
  if (rule >= rules_.size()) {
    throw std::out_of_range(fmt::format("the plan has no rule {}", rule));
  }
  return header()->armed[rule / 64];
}

void JournalFile::Arm(uint32_t rule) {
  std::atomic<uint64_t>& word = ArmedWord(rule);
  const uint64_t bit = uint64_t{1} << rule % 64;
  if ((word.load(std::memory_order_acquire) & bit) != 0) {
    return;
  }
  rules_[rule].counted.store(0, std::memory_order_relaxed);
  word.fetch_or(bit, std::memory_order_release);
}

void JournalFile::Disarm(uint32_t rule) {
  ArmedWord(rule).fetch_and(~(uint64_t{1} << rule % 64), std::memory_order_release);
}

void JournalFile::Pause() {
  header()->paused.store(1, std::memory_order_relaxed);
  for (size_t i = 0; i < armed_before_pause_.size(); ++i) {
    armed_before_pause_[i] = header()->armed[i].exchange(0, std::memory_order_acq_rel);
  }
}

void JournalFile::Resume() {
  for (size_t i = 0; i < armed_before_pause_.size(); ++i) {
    header()->armed[i].store(armed_before_pause_[i], std::memory_order_release);
  }
  header()->paused.store(0, std::memory_order_relaxed);
}

protocol::AgentState JournalFile::agent_state() const {
  return header()->agent_state.load(std::memory_order_acquire);
}

JournalFile::RuleCounters JournalFile::Counters(uint32_t rule) const {
  if (rule >= rules_.size()) {
    throw std::out_of_range(fmt::format("the plan has no rule {}", rule));
  }
  return {rules_[rule].counted.load(std::memory_order_relaxed),
          rules_[rule].hits.load(std::memory_order_acquire)};
}

uint64_t JournalFile::Hits(uint32_t rule) const { return Counters(rule).hits; }

uint64_t JournalFile::RecordCount() const {
  return std::min<uint64_t>(header()->records.load(std::memory_order_acquire), records_.size());
}

std::vector<protocol::JournalRecord> JournalFile::RecordsFrom(uint64_t& position) const {
  std::vector<protocol::JournalRecord> records;
  const uint64_t end =
      std::min<uint64_t>(header()->records.load(std::memory_order_acquire), records_.size());
  for (; position < end; ++position) {
    const protocol::JournalRecord& record = records_[position];
    // Stored last; the records of a plain struct are read as the reader reads them.
    if (__atomic_load_n(&record.sequence, __ATOMIC_ACQUIRE) == position + 1) {
      records.push_back(record);
    }
  }
  return records;
}

JournalSnapshot JournalFile::Read() const {
  struct stat status {};
  if (fstat(fd_, &status) != 0) {
    throw Failure::FromErrno("cannot look at the journal", errno);
  }
  if (std::cmp_less(status.st_size, size_)) {
    throw Failure::CannotWork(fmt::format(
        "the journal was cut to {} bytes while the target ran; it had {}", status.st_size, size_));
  }
  const bool damaged = RepairLayout();
  JournalSnapshot snapshot = ReadJournal(base_, size_, points_);
  if (damaged) {
    snapshot.agent_message += std::string(snapshot.agent_message.empty() ? "" : "; ") +
                              "the target wrote over the journal's header";
  }
  return snapshot;
}

// True when there was something to repair.
bool JournalFile::RepairLayout() const {
  constexpr size_t kClosed = offsetof(JournalHeader, closed);
  auto layout = layout_;
  std::memcpy(layout.data() + kClosed, static_cast<const char*>(base_) + kClosed,
              sizeof(JournalHeader::closed));
  if (std::memcmp(base_, layout.data(), layout.size()) == 0) {
    return false;
  }
  std::memcpy(base_, layout_.data(), layout_.size());
  return true;
}

uint64_t JournalFile::CallsOfSite(uint64_t site) const {
  // As the agent's JournalWriter puts them there.
  for (uint64_t probe = 0; probe < site_slots_.size(); ++probe) {
    const uint64_t word = site_slots_[(site + probe) & (site_slots_.size() - 1)].word;
    if (word == 0) {
      return 0;
    }
    const auto row = HashSlot::RowOf(word);
    if (row < sites_.size() && sites_[row].hash.load(std::memory_order_acquire) == site) {
      return sites_[row].calls.load(std::memory_order_relaxed);
    }
  }
  return 0;
}

uint64_t JournalFile::CallsOfHooks() const {
  const auto* hooks = reinterpret_cast<const protocol::HookState*>(static_cast<const char*>(base_) +
                                                                   header()->hooks_offset);
  uint64_t calls = 0;
  for (uint32_t i = 0; i < header()->hooks_capacity; ++i) {
    calls += hooks[i].calls.load(std::memory_order_relaxed);
  }
  return calls;
}

bool JournalFile::TakeOver(const JournalFile& other) {
  JournalHeader& own = *header();
  const JournalHeader& theirs = *other.header();
  if (size_ != other.size_ || own.hooks_capacity != theirs.hooks_capacity ||
      own.rules_offset != theirs.rules_offset || own.modules_offset != theirs.modules_offset ||
      own.records_offset != theirs.records_offset) {
    return false;
  }
  std::array<uint64_t, std::size(JournalHeader{}.armed)> armed;
  for (size_t i = 0; i < armed.size(); ++i) {
    armed[i] = own.armed[i].load();
  }
  std::vector<char> part(size_t{1} << 18);
  const auto size = static_cast<off_t>(size_);
  off_t at = lseek(other.fd_, 0, SEEK_DATA);
  while (at >= 0 && at < size) {
    const off_t hole = lseek(other.fd_, at, SEEK_HOLE);
    while (at < hole) {
      const ssize_t got =
          pread(other.fd_, part.data(), std::min(part.size(), static_cast<size_t>(hole - at)), at);
      if (got <= 0 || pwrite(fd_, part.data(), static_cast<size_t>(got), at) != got) {
        return false;
      }
      at += got;
    }
    at = lseek(other.fd_, at, SEEK_DATA);
  }
  std::memcpy(base_, layout_.data(), layout_.size());
  std::memset(static_cast<void*>(rules_.data()), 0, rules_.size_bytes());
  for (size_t i = 0; i < armed.size(); ++i) {
    own.armed[i].store(armed[i]);
  }
  own.step.store(theirs.step.load());
  return true;
}

void JournalFile::MarkClosed() { header()->closed = 1; }

}  // namespace faultline
