#pragma once

namespace faultline::agent {

// Journals every open file descriptor of the process as a kOpenFile record; nothing when /proc
// cannot be read. Allocates nothing and leaves errno alone. The caller is inside the agent (busy).
void RecordOpenFiles();

}  // namespace faultline::agent
