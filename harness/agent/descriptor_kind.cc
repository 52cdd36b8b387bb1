#include "harness/agent/descriptor_kind.h"

#include <asm/termbits.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "harness/agent/raw.h"
#include "harness/protocol/plan.h"

namespace faultline::agent {
namespace {

using protocol::PlanDescriptor;

// By what holds the file: a disk (or a server) can report an error, the kernel's own file systems
// cannot.
uint64_t FileSystemKind(int fd) {
  struct statfs status {};
  if (IsError(Syscall(__NR_fstatfs, fd, &status))) {
    return 0;
  }
  switch (status.f_type) {
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
      return PlanDescriptor::kOnTmpfs;
    case HUGETLBFS_MAGIC:
      return PlanDescriptor::kOnHugetlbfs;
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
      return PlanDescriptor::kOnKernelFs;
    default:
      return PlanDescriptor::kOnDisk;
  }
}

int SocketOption(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  Syscall(__NR_getsockopt, fd, SOL_SOCKET, option, &value, &size);
  return value;
}

uint64_t SocketKind(int fd) {
  const int domain = SocketOption(fd, SO_DOMAIN);
  const int type = SocketOption(fd, SO_TYPE);
  uint64_t kind = PlanDescriptor::kSocket;
  if (type == SOCK_STREAM || type == SOCK_SEQPACKET) {
    kind |= PlanDescriptor::kStream;
  }
  if (domain == AF_UNIX) {
    return kind | PlanDescriptor::kUnix;
  }
  if (domain == AF_INET || domain == AF_INET6) {
    if (type == SOCK_STREAM) {
      kind |= PlanDescriptor::kTcp;
    } else if (type == SOCK_DGRAM) {
      kind |= PlanDescriptor::kUdp;
    }
  }
  return kind;
}

// A terminal answers this; nothing else does.
bool IsTerminal(int fd) {
  struct termios settings {};
  return !IsError(Syscall(__NR_ioctl, fd, TCGETS, &settings));
}

}  // namespace

uint64_t DescriptorKind(int fd) {
  struct stat status {};
  if (IsError(Syscall(__NR_fstat, fd, &status))) {
    return PlanDescriptor::kClosed;
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return PlanDescriptor::kFile | FileSystemKind(fd);
    case S_IFDIR:
      return PlanDescriptor::kDirectory | FileSystemKind(fd);
    case S_IFIFO:
      return PlanDescriptor::kPipe;
    case S_IFSOCK:
      return SocketKind(fd);
    case S_IFBLK:
      return PlanDescriptor::kDevice;
    case S_IFCHR:
      return IsTerminal(fd) ? PlanDescriptor::kTty : PlanDescriptor::kDevice;
    default:  // eventfd, epoll, timerfd, ...: an anonymous inode has no type
      return PlanDescriptor::kAnonymous;
  }
}

}  // namespace faultline::agent
