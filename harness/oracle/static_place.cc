#include "harness/oracle/static_place.h"

namespace faultline {

std::optional<StaticPlace> FindStaticPlace(const JournalSnapshot& journal, uint64_t address) {
  for (const JournalModule& module : journal.modules) {
    const uint64_t offset = address - module.base;
    if (address >= module.base && offset >= module.text_begin && offset < module.text_end) {
      return StaticPlace{module.path, offset};
    }
  }
  return std::nullopt;
}

}  // namespace faultline
