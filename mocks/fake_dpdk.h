#pragma once

#include <cstddef>
#include <map>
#include <string>

struct rte_ring;
struct rte_mempool;

namespace faultline::mocks {

// DPDK's objects without DPDK: rings and mempools that DPDK's inline functions work on, and memory,
// all from the ordinary heap. Remembers what lives, so that a test can ask what was left. Not
// thread-safe.
class FakeDpdk {
 public:
  FakeDpdk() = default;
  ~FakeDpdk();
  FakeDpdk(const FakeDpdk&) = delete;
  FakeDpdk& operator=(const FakeDpdk&) = delete;

  // As rte_ring_create: `count` a power of two, or anything with RING_F_EXACT_SZ. nullptr, like
  // DPDK, for another count or a name that is taken.
  rte_ring* CreateRing(const std::string& name, unsigned count, unsigned flags);
  // As rte_mempool_create without a cache; nullptr for a name that is taken.
  rte_mempool* CreateMempool(const std::string& name, unsigned count, unsigned element_size);
  // `size` bytes, zeroed, at a multiple of `alignment` (0: a cache line).
  void* Allocate(const std::string& type, size_t size, unsigned alignment);
  // Any of them; nullptr is accepted. Anything else that is not alive fails the test.
  void Free(const void* object);

  // What a mempool's driver does: 0 or -ENOBUFS, and back again.
  static int Take(rte_mempool* pool, void** elements, unsigned count);
  static void Put(rte_mempool* pool, void* const* elements, unsigned count);

  // "ring NAME", "mempool NAME", "memory TYPE" of all that lives, one a line, sorted.
  std::string Remains() const;

 private:
  struct Object {
    std::string label;
    size_t alignment;
    void* second;  // a mempool's elements
  };
  void* New(const std::string& label, size_t size, size_t alignment);
  bool IsTaken(const std::string& label) const;

  std::map<const void*, Object> objects_;
};

}  // namespace faultline::mocks
