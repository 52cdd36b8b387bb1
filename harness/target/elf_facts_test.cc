#include "harness/target/elf_facts.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <link.h>
#include <sys/resource.h>

#include <cstring>

namespace faultline {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Where the first segment of this program is mapped.
uint64_t OwnBegin() {
  Dl_info info = {};
  EXPECT_NE(dladdr(reinterpret_cast<void*>(&OwnBegin), &info), 0);
  return reinterpret_cast<uint64_t>(info.dli_fbase);
}

TEST(ElfFacts, AnImportSlotHoldsTheAddressThatCallsGoTo) {
  // Called once, so that the loader has filled it in, whenever it does so.
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), getpriority(PRIO_PROCESS, 0));
  const std::vector<uint64_t> slots = ImportSlots("/proc/self/exe", "getpriority");
  ASSERT_THAT(slots, SizeIs(1));
  void* address = nullptr;
  std::memcpy(&address, reinterpret_cast<const void*>(OwnBegin() + slots[0]), sizeof(address));
  EXPECT_EQ(address, dlsym(RTLD_DEFAULT, "getpriority"));
}

TEST(ElfFacts, WhatAFileDoesNotImportHasNoSlot) {
  EXPECT_THAT(ImportSlots("/proc/self/exe", "getpriorit"), IsEmpty());
  EXPECT_THAT(ImportSlots("/proc/self/exe", "etpriority"), IsEmpty());
  EXPECT_THAT(ImportSlots("/etc/passwd", "getpriority"), IsEmpty());
  EXPECT_THAT(ImportSlots("/nowhere", "getpriority"), IsEmpty());
}

TEST(ElfFacts, AFunctionIsFoundByItsWholeName) {
  EXPECT_EQ(FunctionOffset("/proc/self/exe", "main").has_value(), true);
  EXPECT_EQ(FunctionOffset("/proc/self/exe", "mai"), std::nullopt);
  EXPECT_EQ(FunctionOffset("/proc/self/exe", "getpriority"), std::nullopt);  // wanted, not defined
}

TEST(ElfFacts, AnExportedFunctionOfALibraryIsFound) {
  void* address = dlsym(RTLD_DEFAULT, "getpriority");
  Dl_info info = {};
  ASSERT_NE(dladdr(address, &info), 0);
  EXPECT_EQ(FunctionOffset(info.dli_fname, "getpriority"),
            static_cast<const char*>(address) - static_cast<const char*>(info.dli_fbase));
  EXPECT_EQ(FunctionOffset(info.dli_fname, "getpriorit"), std::nullopt);
  EXPECT_EQ(FunctionOffset(info.dli_fname, "rte_eal_init"), std::nullopt);
}

}  // namespace
}  // namespace faultline
