#include "harness/target/json_rpc_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "harness/base/failure.h"

namespace faultline {
namespace {

constexpr int kFirstRetryUs = 500;
constexpr int kLastRetryUs = 20'000;

UniqueFd Checked(int fd, const char* what) {
  if (fd < 0) {
    throw Failure::FromErrno(what, errno);
  }
  return UniqueFd(fd);
}

void AddToEpoll(int epoll, int fd) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    throw Failure::FromErrno("epoll_ctl", errno);
  }
}

}  // namespace

JsonRpcClient::JsonRpcClient(const std::filesystem::path& socket_path, std::string name)
    : path_(socket_path), name_(std::move(name)), ledger_(/*keeps_answers=*/!name_.empty()) {
  if (path_.native().size() >= sizeof(sockaddr_un::sun_path)) {
    throw Failure::BadInput(fmt::format("the RPC socket's path has {} bytes, at most {} fit: {}",
                                        path_.native().size(), sizeof(sockaddr_un::sun_path) - 1,
                                        path_.native()));
  }
  Open();
  // The watch comes before the first try, so that no creation falls between the two.
  WatchDirectory();
  TryConnect();
}

JsonRpcClient::JsonRpcClient(const JsonRpcClient& other, UniqueFd socket, uint64_t mark)
    : path_(other.path_),
      splitter_(other.splitter_),
      ledger_(RpcLedger::Resume(other.ledger_, mark)) {
  Open();
  if (other.state_ == State::kClosed) {
    state_ = State::kClosed;
  } else if (socket) {
    socket_ = std::move(socket);
    AddToEpoll(epoll_.get(), socket_.get());
    state_ = State::kConnected;
    to_send_ = other.to_send_;
    Flush();
  } else {
    to_send_ = other.queued_;
    WatchDirectory();
    TryConnect();
  }
}

JsonRpcClient::~JsonRpcClient() = default;

void JsonRpcClient::Open() {
  epoll_ = Checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  timer_ = Checked(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create");
  AddToEpoll(epoll_.get(), timer_.get());
}

void JsonRpcClient::WatchDirectory() {
  inotify_ = Checked(inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init1");
  const std::filesystem::path directory = path_.parent_path();
  if (inotify_add_watch(inotify_.get(), directory.c_str(), IN_CREATE | IN_MOVED_TO) < 0) {
    throw Failure::FromErrno("cannot watch " + directory.native(), errno);
  }
  AddToEpoll(epoll_.get(), inotify_.get());
}

void JsonRpcClient::TryConnect() {
  UniqueFd socket =
      Checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (!name_.empty()) {
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
      throw Failure::FromErrno("bind", errno);
    }
    address = {};
    address.sun_family = AF_UNIX;
  }
  std::memcpy(address.sun_path, path_.c_str(), path_.native().size());
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    socket_ = std::move(socket);
    AddToEpoll(epoll_.get(), socket_.get());
    inotify_.reset();  // also leaves the epoll set
    state_ = State::kConnected;
    Flush();
    return;
  }
  // ENOENT: inotify tells when it appears. Anything else is a socket (or what will be replaced by
  // one) that does not accept yet: no event exists for listen(2), so it is tried again soon.
  if (errno != ENOENT) {
    RetrySoon();
  }
}

void JsonRpcClient::RetrySoon() {
  retry_us_ = retry_us_ == 0 ? kFirstRetryUs : std::min(retry_us_ * 2, kLastRetryUs);
  itimerspec when = {};
  when.it_value.tv_nsec = retry_us_ * 1000L;
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

void JsonRpcClient::OnDirectoryEvent() {
  alignas(inotify_event) std::array<char, 4096> events;
  bool any = false;
  while (read(inotify_.get(), events.data(), events.size()) > 0) {
    any = true;
  }
  if (any) {
    retry_us_ = 0;
    TryConnect();
  }
}

void JsonRpcClient::OnRetryTimer() {
  uint64_t expirations = 0;
  if (read(timer_.get(), &expirations, sizeof(expirations)) > 0 && state_ == State::kWaiting) {
    TryConnect();
  }
}

void JsonRpcClient::OnReadable() {
  if (state_ == State::kWaiting) {
    OnDirectoryEvent();
  }
  if (state_ == State::kWaiting) {
    OnRetryTimer();
  }
  if (state_ == State::kConnected) {
    Flush();
  }
  if (state_ == State::kConnected) {
    Receive();
  }
}

bool JsonRpcClient::WaitConnected(Deadline deadline) {
  while (state_ == State::kWaiting) {
    pollfd entry = {.fd = fd(), .events = POLLIN, .revents = 0};
    const int timeout_ms = PollTimeoutMs(deadline);
    if (poll(&entry, 1, timeout_ms) == 0) {
      return false;
    }
    OnReadable();
  }
  return state_ == State::kConnected;
}

void JsonRpcClient::Enqueue(std::string_view bytes) {
  to_send_ += bytes;
  if (!name_.empty()) {
    queued_ += bytes;
  }
}

uint64_t JsonRpcClient::Queue(const Request& request) {
  const auto [id, is_new] = ledger_.Next();
  if (!is_new) {
    return id;
  }
  if (state_ == State::kClosed) {
    ledger_.Deliver(id, {RpcExchange::Outcome::kGone, nullptr});
    return id;
  }
  nlohmann::json message = {{"jsonrpc", "2.0"}, {"id", id}, {"method", request.method}};
  if (!request.params.is_null()) {
    message["params"] = request.params;
  }
  // Bytes that are no UTF-8 are replaced: a scenario may hold them, JSON may not.
  Enqueue(message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return id;
}

uint64_t JsonRpcClient::Send(const std::string& method, const nlohmann::json& params) {
  return SendTogether({{method, params}}).front();
}

std::vector<uint64_t> JsonRpcClient::SendTogether(const std::vector<Request>& requests) {
  std::vector<uint64_t> ids;
  for (const Request& request : requests) {
    ids.push_back(Queue(request));
  }
  if (state_ == State::kConnected) {
    Flush();
  }
  return ids;
}

uint64_t JsonRpcClient::SendRaw(std::string_view bytes) {
  const auto [id, is_new] = ledger_.Next();
  if (!is_new) {
    return id;
  }
  ledger_.MarkRaw(id);
  if (state_ == State::kClosed) {
    ledger_.Deliver(id, {RpcExchange::Outcome::kGone, nullptr});
    return id;
  }
  Enqueue(bytes);
  if (state_ == State::kConnected) {
    Flush();
  }
  return id;
}

RpcAnswer JsonRpcClient::Call(const std::string& method, const nlohmann::json& params,
                              Deadline deadline) {
  const uint64_t id = Send(method, params);
  while (!HasAnswer(id)) {
    pollfd entry = {.fd = fd(), .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, PollTimeoutMs(deadline)) == 0) {
      Forget(id);
      return {RpcExchange::Outcome::kNoAnswer, nullptr};
    }
    OnReadable();
  }
  return *TakeAnswer(id);
}

void JsonRpcClient::Flush() {
  while (!to_send_.empty()) {
    const ssize_t sent = send(socket_.get(), to_send_.data(), to_send_.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) {
        continue;
      }
      if (errno != EAGAIN) {
        // The peer has gone; what it answered before still lies in the socket.
        to_send_.clear();
        Receive();
        return;
      }
      break;
    }
    to_send_.erase(0, static_cast<size_t>(sent));
  }
  if (wants_write_ != !to_send_.empty()) {
    wants_write_ = !to_send_.empty();
    epoll_event event = {};
    event.events = wants_write_ ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.fd = socket_.get();
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket_.get(), &event);
  }
}

void JsonRpcClient::Receive() {
  std::array<char, 65536> bytes;
  while (state_ == State::kConnected) {
    const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0 && errno == EAGAIN) {
      return;
    }
    if (got <= 0) {
      if (splitter_.incomplete()) {
        ledger_.Note("the connection ended in the middle of an answer");
      }
      Close({RpcExchange::Outcome::kGone, nullptr});
      return;
    }
    splitter_.Feed({bytes.data(), static_cast<size_t>(got)});
    while (state_ == State::kConnected) {
      const std::optional<std::string> text = splitter_.Next();
      if (!text) {
        break;
      }
      if (const std::string wrong = ledger_.Read(*text); !wrong.empty()) {
        ProtocolError(wrong);
      }
    }
    if (state_ == State::kConnected && !splitter_.broken().empty()) {
      ProtocolError(splitter_.broken());
    }
  }
}

void JsonRpcClient::Drop() {
  if (state_ == State::kConnected) {
    Close({RpcExchange::Outcome::kGone, nullptr});
  }
}

void JsonRpcClient::Close(const RpcAnswer& answer_to_pending) {
  state_ = State::kClosed;
  socket_.reset();
  to_send_.clear();
  ledger_.Close(answer_to_pending);
}

void JsonRpcClient::ProtocolError(const std::string& what) {
  const std::string message = fmt::format("{}: {}", kNotJsonRpcMessage, what);
  ledger_.Note(message);
  Close({RpcExchange::Outcome::kError, {{"code", kNotJsonRpc}, {"message", message}}});
}

}  // namespace faultline
