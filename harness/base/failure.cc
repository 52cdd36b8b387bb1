#include "harness/base/failure.h"

#include <system_error>

namespace faultline {

Failure Failure::FromErrno(const std::string& message, int error) {
  return CannotWork(message + ": " + std::generic_category().message(error));
}

}  // namespace faultline
