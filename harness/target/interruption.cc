#include "harness/target/interruption.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace faultline {
namespace {

sigset_t InterruptingSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Interrupted::Interrupted(int signal)
    : Failure(ExitCode::kCannotWork, std::string("interrupted by SIG") + sigabbrev_np(signal)),
      signal_(signal) {}

Interruption::Interruption() {
  const sigset_t set = InterruptingSignals();
  pthread_sigmask(SIG_BLOCK, &set, &old_mask_);
  fd_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) {
    const int error = errno;
    pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
    throw Failure::FromErrno("signalfd", error);
  }
}

Interruption::~Interruption() { pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr); }

void Interruption::ThrowIfRaised() {
  signalfd_siginfo info;
  if (read(fd_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    throw Interrupted(static_cast<int>(info.ssi_signo));
  }
}

void Interruption::EndBySignal(int signal) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  raise(signal);
  _exit(128 + signal);  // not reached for a signal whose default action ends the process
}

}  // namespace faultline
