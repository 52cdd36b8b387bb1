#include "harness/target/random_name.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <cerrno>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// At most 256 bytes, which getrandom(2) never gives in part.
std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(size)) {
    throw Failure::FromErrno("getrandom", errno);
  }
  return bytes;
}

}  // namespace

std::string RandomName(size_t length) {
  constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string name = RandomBytes(length);
  for (char& byte : name) {
    byte = kLetters[static_cast<unsigned char>(byte) % 32];
  }
  return name;
}

std::string RandomHex(size_t bytes) {
  std::string text;
  for (const char byte : RandomBytes(bytes)) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return text;
}

}  // namespace faultline
