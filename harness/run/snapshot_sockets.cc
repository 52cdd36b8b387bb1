#include "harness/run/snapshot_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace faultline {
namespace {

using Argument = SnapshotSteps::Argument;

void Bind(const OpenFile& file, const SocketFacts& facts, const Argument& fresh,
          const SnapshotFilesPlan& plan, SnapshotSteps& steps) {
  if (facts.family == AF_UNIX && !facts.abstract() && !IsBelow(facts.path(), plan.run_dir)) {
    RefuseFile(file, "a socket bound outside of the run's directory");
  }
  if (facts.abstract() && plan.network_fd < 0) {
    RefuseFile(file, "a socket bound to a name that all see");
  }
  if (facts.family != AF_UNIX) {
    const int yes = 1;
    steps.Add(__NR_setsockopt,
              {fresh, SOL_SOCKET, SO_REUSEADDR, steps.Bytes(&yes, sizeof(yes)), sizeof(yes)},
              file.Name());
  }
  steps.Add(__NR_bind, {fresh, steps.Bytes(&facts.name, facts.name_size), facts.name_size},
            file.Name());
}

}  // namespace

void AddSocket(const OpenFile& file, const SnapshotFilesPlan& plan, DescriptorSteps& descriptors) {
  SnapshotSteps& steps = descriptors.steps();
  if (const auto end = plan.connections.find(file.fd); end != plan.connections.end()) {
    descriptors.Replace(file,
                        steps.Add(__NR_pidfd_getfd, {plan.harness, end->second, 0}, file.Name()));
    descriptors.SetFlags(file);
    return;
  }
  const SocketFacts facts = FactsOf(plan.carrier, file.fd);
  if (facts.connected) {
    RefuseFile(file, "a connection");
  }
  if (facts.waiting != 0) {
    RefuseFile(file, "something waits in the socket");
  }
  const bool is_datagram = facts.type == SOCK_DGRAM;
  const bool is_internet = facts.family == AF_INET || facts.family == AF_INET6;
  const bool is_unix = facts.family == AF_UNIX && (is_datagram || facts.listens || !facts.bound());
  // In a network of its own a listener is as new as the child.
  const bool listens = is_internet && facts.listens && plan.network_fd >= 0;
  const bool asks_only = is_internet && is_datagram && !facts.bound();
  if (!is_unix && !asks_only && !listens) {
    RefuseFile(file, "a socket that cannot be made again");
  }
  const Argument fresh = steps.Add(__NR_socket, {facts.family, facts.type, 0}, file.Name());
  if (facts.bound()) {
    Bind(file, facts, fresh, plan, steps);
  }
  if (facts.listens) {
    constexpr int kBacklog = 512;
    steps.Add(__NR_listen, {fresh, kBacklog}, file.Name());
  }
  descriptors.Replace(file, fresh);
  descriptors.SetFlags(file);
}

}  // namespace faultline
