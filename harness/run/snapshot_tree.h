#pragma once

#include <filesystem>
#include <set>

namespace faultline {

// Copies regular files, links, fifos and sockets that nobody has bound below `from`, which the
// target sees as `seen_as`, to below `to`; but nothing of the name `left_out` at the top. `bound`:
// paths of sockets, as the target sees them, that are left out too. Files of hugepages become empty
// ones of the same size: see run/snapshot_hugepages.h. CannotCarry, or
// std::filesystem::filesystem_error.
void CopyTree(const std::filesystem::path& from, const std::filesystem::path& to,
              const std::filesystem::path& left_out, const std::set<std::filesystem::path>& bound,
              const std::filesystem::path& seen_as);

}  // namespace faultline
