#include "mocks/fake_dpdk.h"

#include <gtest/gtest.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <set>
#include <vector>

namespace faultline::mocks {
namespace {

// What pool_data of a fake mempool points to.
struct PoolData {
  std::vector<void*> free;
  std::vector<char> elements;
};

}  // namespace

FakeDpdk::~FakeDpdk() {
  while (!objects_.empty()) {
    Free(objects_.begin()->first);
  }
}

void* FakeDpdk::New(const std::string& label, size_t size, size_t alignment) {
  void* object = ::operator new (size, std::align_val_t{alignment});
  memset(object, 0, size);
  objects_[object] = {label, alignment, nullptr};
  return object;
}

bool FakeDpdk::IsTaken(const std::string& label) const {
  return std::any_of(objects_.begin(), objects_.end(),
                     [&](const auto& object) { return object.second.label == label; });
}

rte_ring* FakeDpdk::CreateRing(const std::string& name, unsigned count, unsigned flags) {
  const bool exact = (flags & RING_F_EXACT_SZ) != 0;
  const std::string label = "ring " + name;
  if (IsTaken(label) || (!exact && !rte_is_power_of_2(count))) {
    return nullptr;
  }
  const unsigned slots = exact ? rte_align32pow2(count + 1) : count;
  auto* ring = static_cast<rte_ring*>(
      New(label, sizeof(rte_ring) + slots * sizeof(void*), RTE_CACHE_LINE_SIZE));
  name.copy(ring->name, sizeof(ring->name) - 1);
  ring->flags = static_cast<int>(flags);
  ring->size = slots;
  ring->mask = slots - 1;
  ring->capacity = exact ? count : ring->mask;
  ring->prod.sync_type = (flags & RING_F_SP_ENQ) != 0 ? RTE_RING_SYNC_ST : RTE_RING_SYNC_MT;
  ring->cons.sync_type = (flags & RING_F_SC_DEQ) != 0 ? RTE_RING_SYNC_ST : RTE_RING_SYNC_MT;
  return ring;
}

rte_mempool* FakeDpdk::CreateMempool(const std::string& name, unsigned count,
                                     unsigned element_size) {
  const std::string label = "mempool " + name;
  if (IsTaken(label)) {
    return nullptr;
  }
  auto* pool = static_cast<rte_mempool*>(New(label, sizeof(rte_mempool), RTE_CACHE_LINE_SIZE));
  auto* data = new PoolData;
  const size_t stride = RTE_ALIGN_CEIL(size_t{element_size}, size_t{16});
  data->elements.resize(count * stride);
  for (unsigned i = 0; i < count; ++i) {
    data->free.push_back(data->elements.data() + i * stride);
  }
  name.copy(pool->name, sizeof(pool->name) - 1);
  pool->pool_data = data;
  pool->size = count;
  pool->elt_size = element_size;
  objects_[pool].second = data;
  return pool;
}

void* FakeDpdk::Allocate(const std::string& type, size_t size, unsigned alignment) {
  return New("memory " + type, size, std::max<size_t>(alignment, RTE_CACHE_LINE_SIZE));
}

void FakeDpdk::Free(const void* object) {
  if (object == nullptr) {
    return;
  }
  const auto found = objects_.find(object);
  if (found == objects_.end()) {
    ADD_FAILURE() << "freed twice, or never allocated: " << object;
    return;
  }
  delete static_cast<PoolData*>(found->second.second);
  ::operator delete (const_cast<void*>(object), std::align_val_t{found->second.alignment});
  objects_.erase(found);
}

std::string FakeDpdk::Remains() const {
  std::multiset<std::string> labels;
  for (const auto& [address, object] : objects_) {
    labels.insert(object.label);
  }
  std::string text;
  for (const std::string& label : labels) {
    text += label + "\n";
  }
  return text;
}

int FakeDpdk::Take(rte_mempool* pool, void** elements, unsigned count) {
  auto* data = static_cast<PoolData*>(pool->pool_data);
  if (data->free.size() < count) {
    return -ENOBUFS;
  }
  std::copy(data->free.end() - count, data->free.end(), elements);
  data->free.resize(data->free.size() - count);
  return 0;
}

void FakeDpdk::Put(rte_mempool* pool, void* const* elements, unsigned count) {
  auto* data = static_cast<PoolData*>(pool->pool_data);
  data->free.insert(data->free.end(), elements, elements + count);
}

}  // namespace faultline::mocks
