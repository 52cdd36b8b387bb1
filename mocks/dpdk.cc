#include "mocks/dpdk.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <rte_version.h>

#include <cstdlib>
#include <cstring>

namespace faultline::mocks {
namespace {

using ::testing::_;
using ::testing::Return;

MockDpdk* g_current = nullptr;

template <typename T>
T* OrOutOfMemory(T* object) {
  if (object == nullptr) {
    rte_errno = ENOMEM;
  }
  return object;
}

}  // namespace

MockDpdk::MockDpdk() {
  g_current = this;
  ON_CALL(*this, RingCreate)
      .WillByDefault([this](const char* name, unsigned count, unsigned flags) {
        return fake_.CreateRing(name, count, flags);
      });
  ON_CALL(*this, RingFree).WillByDefault([this](rte_ring* ring) { fake_.Free(ring); });
  ON_CALL(*this, MempoolCreate)
      .WillByDefault([this](const char* name, unsigned count, unsigned element_size) {
        return fake_.CreateMempool(name, count, element_size);
      });
  ON_CALL(*this, MempoolFree).WillByDefault([this](rte_mempool* pool) { fake_.Free(pool); });
  ON_CALL(*this, MempoolTake).WillByDefault(FakeDpdk::Take);
  const auto allocate = [this](const char* type, size_t size, unsigned alignment) {
    return fake_.Allocate(type, size, alignment);
  };
  ON_CALL(*this, Malloc).WillByDefault(allocate);
  ON_CALL(*this, Zmalloc).WillByDefault(allocate);
  ON_CALL(*this, Free).WillByDefault([this](void* memory) { fake_.Free(memory); });
  ON_CALL(*this, EalInit).WillByDefault([](int argc, char**) { return argc; });
}

MockDpdk::~MockDpdk() { g_current = nullptr; }

MockDpdk& MockDpdk::Current() {
  if (g_current == nullptr) {
    abort();
  }
  return *g_current;
}

}  // namespace faultline::mocks

using faultline::mocks::FakeDpdk;
using faultline::mocks::MockDpdk;
using faultline::mocks::OrOutOfMemory;

// ---- The functions of DPDK -------------------------------------------------------------------

static int Enqueue(rte_mempool* pool, void* const* elements, unsigned count) {
  FakeDpdk::Put(pool, elements, count);
  return 0;
}

static int Dequeue(rte_mempool* pool, void** elements, unsigned count) {
  return MockDpdk::Current().MempoolTake(pool, elements, count);
}

// The one driver of mempools, number 0; DPDK's inline functions look it up here.
static struct rte_mempool_ops_table MakeOpsTable() {
  struct rte_mempool_ops_table table {};
  table.num_ops = 1;
  table.ops[0].enqueue = Enqueue;
  table.ops[0].dequeue = Dequeue;
  return table;
}

extern "C" {

struct rte_mempool_ops_table rte_mempool_ops_table = MakeOpsTable();
__thread int per_lcore__rte_errno;
__thread unsigned per_lcore__lcore_id;

void __rte_panic(const char*, const char*, ...) { abort(); }

const char* rte_strerror(int error) { return strerror(error); }
const char* rte_version() { return "DPDK (mock)"; }

rte_ring* rte_ring_create(const char* name, unsigned count, int, unsigned flags) {
  return OrOutOfMemory(MockDpdk::Current().RingCreate(name, count, flags));
}

void rte_ring_free(rte_ring* ring) { MockDpdk::Current().RingFree(ring); }

rte_mempool* rte_mempool_create(const char* name, unsigned count, unsigned element_size, unsigned,
                                unsigned, rte_mempool_ctor_t*, void*, rte_mempool_obj_cb_t*, void*,
                                int, unsigned) {
  return OrOutOfMemory(MockDpdk::Current().MempoolCreate(name, count, element_size));
}

void rte_mempool_free(rte_mempool* pool) { MockDpdk::Current().MempoolFree(pool); }

void* rte_malloc(const char* type, size_t size, unsigned alignment) {
  return OrOutOfMemory(MockDpdk::Current().Malloc(type, size, alignment));
}

void* rte_zmalloc(const char* type, size_t size, unsigned alignment) {
  return OrOutOfMemory(MockDpdk::Current().Zmalloc(type, size, alignment));
}

void rte_free(void* memory) { MockDpdk::Current().Free(memory); }

int rte_eal_init(int argc, char** argv) { return MockDpdk::Current().EalInit(argc, argv); }
int rte_eal_cleanup() { return MockDpdk::Current().EalCleanup(); }

}  // extern "C"
