#include "harness/base/failure.h"

#include <sys/resource.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace faultline {

namespace {

// " (ulimit -n is 64)" where a limit of this process is the cause; else "".
std::string LimitBehind(int error) {
  const auto text = [](const char* option, __rlimit_resource_t resource, rlim_t unit) {
    rlimit limit = {};
    ::getrlimit(resource, &limit);
    return std::string(" (ulimit -") + option + " is " + std::to_string(limit.rlim_cur / unit) +
           ")";
  };
  if (error == EMFILE) {
    return text("n", RLIMIT_NOFILE, 1);
  }
  return error == EFBIG ? text("f", RLIMIT_FSIZE, 1024) : "";
}

}  // namespace

Failure Failure::FromErrno(const std::string& message, int error) {
  return CannotWork(message + ": " + std::generic_category().message(error) + LimitBehind(error));
}

void Failure::ThrowIfOutOfDescriptors(const std::string& message, int error) {
  if (error == EMFILE || error == ENFILE) {
    throw FromErrno(message, error);
  }
}

}  // namespace faultline
