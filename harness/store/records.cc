#include "harness/store/records.h"

#include <fmt/format.h>

#include "harness/protocol/layout.h"

namespace faultline {

std::string FindingId(const std::string& signature) {
  return fmt::format("{:08x}", static_cast<uint32_t>(protocol::HashText(signature) >> 32));
}

}  // namespace faultline
