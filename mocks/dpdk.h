#pragma once

#include <gmock/gmock.h>

#include <cstddef>

#include "mocks/fake_dpdk.h"

struct rte_ring;
struct rte_mempool;

namespace faultline::mocks {

// DPDK as a GoogleMock object. A program that links `faultline_mock_dpdk` instead of DPDK's
// libraries gets the functions below from the one MockDpdk that is alive (without one, they abort).
// By default each call does what FakeDpdk does, so that code under test works, and a test only says
// which call fails:
//
//   NiceMock<MockDpdk> dpdk;
//   EXPECT_CALL(dpdk, RingCreate).WillOnce(Return(nullptr));
//
// A method that returns nullptr sets rte_errno to ENOMEM, as DPDK does when memory is short.
// Not thread-safe.
class MockDpdk {
 public:
  MockDpdk();
  virtual ~MockDpdk();
  MockDpdk(const MockDpdk&) = delete;
  MockDpdk& operator=(const MockDpdk&) = delete;

  static MockDpdk& Current();

  // rte_ring_create, rte_ring_free
  MOCK_METHOD(rte_ring*, RingCreate, (const char* name, unsigned count, unsigned flags));
  MOCK_METHOD(void, RingFree, (rte_ring * ring));
  // rte_mempool_create, rte_mempool_free, and what rte_mempool_get comes down to: 0 or -errno
  MOCK_METHOD(rte_mempool*, MempoolCreate,
              (const char* name, unsigned count, unsigned element_size));
  MOCK_METHOD(void, MempoolFree, (rte_mempool * pool));
  MOCK_METHOD(int, MempoolTake, (rte_mempool * pool, void** elements, unsigned count));
  // rte_malloc, rte_zmalloc, rte_free
  MOCK_METHOD(void*, Malloc, (const char* type, size_t size, unsigned alignment));
  MOCK_METHOD(void*, Zmalloc, (const char* type, size_t size, unsigned alignment));
  MOCK_METHOD(void, Free, (void* memory));
  // rte_eal_init, rte_eal_cleanup
  MOCK_METHOD(int, EalInit, (int argc, char** argv));
  MOCK_METHOD(int, EalCleanup, ());

  FakeDpdk& fake() { return fake_; }

 private:
  FakeDpdk fake_;
};

}  // namespace faultline::mocks
