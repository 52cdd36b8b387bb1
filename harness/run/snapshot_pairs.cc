#include "harness/run/snapshot_pairs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace faultline {
namespace {

using Argument = SnapshotSteps::Argument;

// The kernel tells the sockets of one network namespace: that of the thread that asks.
class InNetworkOf {
 public:
  explicit InNetworkOf(pid_t pid)
      : own_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)),
        other_(open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC)) {
    entered_ = own_ && other_ && setns(other_.get(), CLONE_NEWNET) == 0;
  }
  ~InNetworkOf() {
    if (entered_) {
      setns(own_.get(), CLONE_NEWNET);
    }
  }
  InNetworkOf(const InNetworkOf&) = delete;
  InNetworkOf& operator=(const InNetworkOf&) = delete;

 private:
  UniqueFd own_;
  UniqueFd other_;
  bool entered_ = false;
};

void ReadPeer(const nlmsghdr* header, std::map<ino_t, ino_t>& peers) {
  const auto* socket = static_cast<const unix_diag_msg*>(NLMSG_DATA(header));
  auto left = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof(*socket)));
  for (const auto* attribute = reinterpret_cast<const rtattr*>(socket + 1); RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type == UNIX_DIAG_PEER && RTA_PAYLOAD(attribute) == sizeof(uint32_t)) {
      uint32_t peer = 0;
      std::memcpy(&peer, RTA_DATA(attribute), sizeof(peer));
      peers[socket->udiag_ino] = peer;
    }
  }
}

// Of UNIX sockets which is connected to which, by inode; sock_diag(7).
std::map<ino_t, ino_t> UnixPeers(pid_t pid) {
  const InNetworkOf network(pid);
  std::map<ino_t, ino_t> peers;
  const UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  struct {
    nlmsghdr header;
    unix_diag_req ask;
  } request = {};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.ask.sdiag_family = AF_UNIX;
  request.ask.udiag_states = ~0U;
  request.ask.udiag_show = UDIAG_SHOW_PEER;
  if (!fd || send(fd.get(), &request, sizeof(request), 0) != sizeof(request)) {
    return peers;
  }
  alignas(nlmsghdr) std::array<char, 1 << 15> answer;
  for (;;) {
    const ssize_t got = recv(fd.get(), answer.data(), answer.size(), 0);
    if (got <= 0) {
      return peers;
    }
    auto left = static_cast<unsigned>(got);
    for (const auto* header = reinterpret_cast<const nlmsghdr*>(answer.data());
         NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
        return peers;  // the end, or an error
      }
      ReadPeer(header, peers);
    }
  }
}

bool IsShutDown(int fd) {
  pollfd entry = {.fd = fd, .events = POLLRDHUP, .revents = 0};
  return poll(&entry, 1, 0) == 1;
}

}  // namespace

void SnapshotPairs::RefuseUnlessEmpty(const OpenFile& file) const {
  int waiting = 0;
  if (ioctl(BorrowDescriptor(file.pid, file.fd).get(), FIONREAD, &waiting) != 0 || waiting != 0) {
    RefuseFile(file, S_ISFIFO(file.status.st_mode) ? "something waits in the pipe"
                                                   : "something waits in the socket");
  }
}

void SnapshotPairs::AddPipe(const OpenFile& file) {
  const bool writes = (file.flags & O_ACCMODE) == O_WRONLY;
  if (!ends_.contains(file.status.st_ino)) {
    const auto is_end = [&](int access) {
      return std::any_of(files_.begin(), files_.end(), [&](const OpenFile& other) {
        return other.status.st_ino == file.status.st_ino &&
               other.status.st_dev == file.status.st_dev && (other.flags & O_ACCMODE) == access;
      });
    };
    if (!is_end(O_RDONLY) || !is_end(O_WRONLY)) {
      RefuseFile(file, "a pipe to another process");
    }
    RefuseUnlessEmpty(file);
    const int ends[2] = {-1, -1};
    const Argument text = descriptors_.steps().Bytes(ends, sizeof(ends));
    descriptors_.steps().Add(__NR_pipe2, {text, 0}, file.Name());
    ends_.emplace(file.status.st_ino, text);
  }
  const Argument& text = ends_.at(file.status.st_ino);
  descriptors_.Replace(file, descriptors_.steps().NumberAt(text, writes ? sizeof(int) : 0));
  descriptors_.SetFlags(file);
}

const OpenFile* SnapshotPairs::PeerOf(const OpenFile& file) {
  if (!socket_peers_) {
    socket_peers_ = UnixPeers(file.pid);
  }
  const auto peer = socket_peers_->find(file.status.st_ino);
  const auto own = std::find_if(files_.begin(), files_.end(), [&](const OpenFile& other) {
    return peer != socket_peers_->end() && S_ISSOCK(other.status.st_mode) &&
           other.status.st_ino == peer->second;
  });
  return own == files_.end() ? nullptr : &*own;
}

bool SnapshotPairs::AddSocket(const OpenFile& file) {
  if (!ends_.contains(file.status.st_ino)) {
    const SocketFacts facts = FactsOf(file.pid, file.fd);
    if (facts.family != AF_UNIX || !facts.connected || facts.bound()) {
      return false;
    }
    const OpenFile* const peer = PeerOf(file);
    if (peer == nullptr || FactsOf(peer->pid, peer->fd).bound()) {
      return false;
    }
    for (const OpenFile* end : {&file, peer}) {
      RefuseUnlessEmpty(*end);
      if (IsShutDown(BorrowDescriptor(end->pid, end->fd).get())) {
        RefuseFile(*end, "a socket that was shut down");
      }
    }
    const int ends[2] = {-1, -1};
    const Argument text = descriptors_.steps().Bytes(ends, sizeof(ends));
    descriptors_.steps().Add(__NR_socketpair, {AF_UNIX, facts.type, 0, text}, file.Name());
    ends_.emplace(file.status.st_ino, descriptors_.steps().NumberAt(text, 0));
    ends_.emplace(peer->status.st_ino, descriptors_.steps().NumberAt(text, sizeof(int)));
  }
  descriptors_.Replace(file, ends_.at(file.status.st_ino));
  descriptors_.SetFlags(file);
  return true;
}

}  // namespace faultline
