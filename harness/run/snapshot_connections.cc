#include "harness/run/snapshot_connections.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "harness/run/snapshot_open_files.h"
#include "harness/run/snapshot_steps.h"

namespace faultline {
namespace {

// What the target has not read yet.
std::string Unread(int fd) {
  std::string bytes(size_t{1} << 20, '\0');
  const ssize_t got = recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return bytes;
}

bool PeerHasGone(int fd) {
  pollfd entry = {.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & POLLHUP) != 0;
}

std::string InodeOf(int fd) {
  struct stat status = {};
  fstat(fd, &status);
  return std::to_string(status.st_ino);
}

}  // namespace

void SnapshotConnections::Make(const std::vector<OpenFile>& files,
                               const CarrierCourse::Hold& course) {
  std::set<std::shared_ptr<JsonRpcClient>> all = course.run().clients();
  for (const auto& [step, asked] : course.moment().unanswered) {
    all.insert(asked.client);  // the step that goes on may have taken it
  }
  std::map<std::string, const JsonRpcClient*> clients;  // by name
  for (const std::shared_ptr<JsonRpcClient>& client : all) {
    // What the target has answered was for the carrier's client. One that is not connected yet
    // would look for the socket in the child's directory, which is what this thread sees.
    if (client->state() == JsonRpcClient::State::kConnected) {
      client->OnReadable();
    }
    clients[client->name()] = client.get();
  }
  for (const OpenFile& file : files) {
    if (!S_ISSOCK(file.status.st_mode)) {
      continue;
    }
    const SocketFacts facts = FactsOf(file.pid, file.fd);
    if (facts.family != AF_UNIX || facts.type != SOCK_STREAM || !facts.connected) {
      continue;
    }
    const UniqueFd copy = BorrowDescriptor(file.pid, file.fd);
    const auto client = clients.find(facts.peer);
    const bool is_clients = client != clients.end() &&
                            client->second->state() == JsonRpcClient::State::kConnected &&
                            !sockets_.contains(client->second);
    if (!is_clients && !PeerHasGone(copy.get())) {
      continue;  // another's: it cannot be made again
    }
    std::array<int, 2> pair;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) != 0) {
      throw CannotCarry(fmt::format("no connection for it: {}", std::strerror(errno)));
    }
    UniqueFd ours(pair[0]);
    ends_.emplace(file.fd, pair[1]);
    const std::string unread = Unread(copy.get());
    if (send(ours.get(), unread.data(), unread.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(unread.size())) {
      throw CannotCarry("more is on its way to it than a connection holds");
    }
    if (is_clients) {
      inodes_.insert(InodeOf(pair[1]));
      sockets_.emplace(client->second, std::move(ours));
    }
  }
}

LiveRun::Carried SnapshotConnections::Carry(const CarrierCourse::Hold& course) {
  const CourseMoment& moment = course.moment();
  LiveRun& run = course.run();
  LiveRun::Carried carried;
  carried.evidence = moment.evidence;
  carried.asked_to_stop = run.stop_signal_sent();
  carried.stop_signal = run.stop_signal();
  carried.log = &run.log();
  carried.sockets = inodes_;
  std::map<const JsonRpcClient*, std::shared_ptr<JsonRpcClient>> copies;
  const auto copy_of = [&](const std::shared_ptr<JsonRpcClient>& client) {
    std::shared_ptr<JsonRpcClient>& copy = copies[client.get()];
    if (copy == nullptr) {
      const auto last = moment.last_ids.find(client.get());
      const auto socket = sockets_.find(client.get());
      copy = std::make_shared<JsonRpcClient>(
          *client, socket == sockets_.end() ? UniqueFd() : std::move(socket->second),
          last == moment.last_ids.end() ? 0 : last->second);
    }
    return copy;
  };
  for (const auto& [name, client] : run.rpcs()) {
    carried.rpcs[name] = copy_of(client);
  }
  for (const auto& [step, asked] : moment.unanswered) {
    LiveRun::Unanswered own = asked;
    own.client = copy_of(asked.client);
    own.begin_ms = 0;
    carried.unanswered[step] = std::move(own);
  }
  ends_.clear();
  return carried;
}

}  // namespace faultline
