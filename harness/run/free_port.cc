#include "harness/run/free_port.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// Below the ports that the kernel gives to clients by default (ip_local_port_range, 32768).
constexpr int kFirst = 20'000;
constexpr int kLast = 29'999;

// Nobody listens at `port`, on any address.
bool IsFree(int port) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const UniqueFd fd(socket(AF_INET, type | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    if (!fd || bind(fd.get(), where, sizeof(address)) != 0) {
      return false;
    }
  }
  return true;
}

// An abstract UNIX socket: the kernel gives it back whatever becomes of its holder.
UniqueFd Claim(int port) {
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) {
    throw Failure::FromErrno("socket", errno);
  }
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string name = fmt::format("faultline-port-{}", port);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    fd.reset();
  }
  return fd;
}

}  // namespace

FreePort::FreePort(bool own_network) : number_(kFirst) {
  if (own_network) {
    return;
  }
  for (; number_ <= kLast; ++number_) {
    claim_ = Claim(number_);
    if (claim_ && IsFree(number_)) {
      return;
    }
  }
  throw Failure::CannotWork(
      fmt::format("none of the ports {} to {} is free for ${{free_port}}", kFirst, kLast));
}

}  // namespace faultline
