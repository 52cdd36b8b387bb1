// A file of the planner's cache.

#include "harness/base/testing/fuzz.h"
#include "harness/planner/record_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto records = faultline::DecodeRecords({reinterpret_cast<const char*>(data), size});
  if (records.has_value()) {
    (void)faultline::EncodeRecords(*records);
  }
  return 0;
}

std::vector<std::string> faultline::testkit::FuzzSeeds() {
  RecordSet records;
  records.modules.resize(2);
  return {EncodeRecords({}), EncodeRecords(records)};
}
