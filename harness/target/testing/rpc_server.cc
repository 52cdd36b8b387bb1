#include "harness/target/testing/rpc_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "harness/base/failure.h"

namespace faultline {
namespace {

void WaitReadable(const UniqueFd& fd, const char* what) {
  pollfd entry = {.fd = fd.get(), .events = POLLIN, .revents = 0};
  if (poll(&entry, 1, 10'000) != 1) {
    throw Failure::CannotWork(std::string("test server: nothing came: ") + what);
  }
}

}  // namespace

void RpcServer::Bind() {
  listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.c_str(), path_.native().size());
  if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw Failure::FromErrno("test server: bind", errno);
  }
}

void RpcServer::Listen() {
  if (listen(listener_.get(), 4) != 0) {
    throw Failure::FromErrno("test server: listen", errno);
  }
}

void RpcServer::Accept() {
  WaitReadable(listener_, "a connection");
  connection_.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  received_.clear();
}

void RpcServer::Send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = send(connection_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      throw Failure::FromErrno("test server: send", errno);
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

const std::string& RpcServer::ReadUntil(std::string_view text) {
  size_t searched = 0;
  while (received_.find(text, searched) == std::string::npos) {
    // The text may have begun at the end of what is here.
    searched = received_.size() - std::min(received_.size(), text.size());
    WaitReadable(connection_, "a request");
    std::array<char, 65536> bytes;
    const ssize_t got = recv(connection_.get(), bytes.data(), bytes.size(), 0);
    if (got <= 0) {
      throw Failure::CannotWork("test server: the client has gone");
    }
    received_.append(bytes.data(), static_cast<size_t>(got));
  }
  return received_;
}

}  // namespace faultline
