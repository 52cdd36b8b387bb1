#pragma once

#include <cstddef>
#include <string>

namespace faultline {

// `length` characters of a-z and 2-7, 5 random bits each, from the kernel: not to be guessed, valid
// in file names, socket names and DPDK prefixes. Failure when the kernel gives no random bytes.
std::string RandomName(size_t length);

// `bytes` random bytes in hexadecimal.
std::string RandomHex(size_t bytes);

}  // namespace faultline
