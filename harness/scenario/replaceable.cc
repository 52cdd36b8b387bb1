#include "harness/scenario/replaceable.h"

#include <fmt/format.h>

#include "harness/base/failure.h"
#include "harness/base/precious_file.h"

namespace faultline {

void RequireReplaceable(const std::string& option, const std::filesystem::path& file,
                        DataKind kind) {
  if (PreciousContent(file) == kDataFile && KindOfFile(file) != kind) {
    throw Failure::BadInput(fmt::format("{} {}: it is a {}{}", option, file.string(),
                                        NameOf(KindOfFile(file)), kNotReplaced));
  }
}

}  // namespace faultline
