#include "harness/target/interruption.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>
#include <utility>

namespace faultline {
namespace {

// nohup(1) starts what is to outlive its terminal with SIGHUP ignored. A blocked signal comes
// through signalfd all the same.
bool IsHangupIgnored() {
  struct sigaction action = {};
  return sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t InterruptingSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (!IsHangupIgnored()) {
    sigaddset(&set, SIGHUP);
  }
  return set;
}

// timeout(1) sends its signal to its child and then to its group, so that the child gets it twice;
// nobody types that fast.
constexpr std::chrono::milliseconds kSameSignal(300);

// Takes what comes within kSameSignal, then unblocks the signals.
[[noreturn]] void EndByTheNextSignal() {
  const sigset_t set = InterruptingSignals();
  const auto end = std::chrono::steady_clock::now() + kSameSignal;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      break;
    }
    const timespec limit = {0, static_cast<long>(left.count())};
    sigtimedwait(&set, nullptr, &limit);
  }
  // A shell without job control starts what is in its background with SIGINT ignored.
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (sigismember(&set, signal) == 1) {
      sigaction(signal, &action, nullptr);
    }
  }
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  for (;;) {
    pause();
  }
}

// In a thread of its own, so that it works whatever the others do. One is enough, and it lives as
// long as the process.
void LetTheNextEndTheProcess() {
  static std::atomic<pid_t> has_one = 0;  // a forked child has not
  const pid_t self = getpid();
  if (has_one.exchange(self) != self) {
    std::thread(EndByTheNextSignal).detach();
  }
}

}  // namespace

Interrupted::Interrupted(int signal)
    : Failure(ExitCode::kCannotWork, std::string("interrupted by SIG") + sigabbrev_np(signal)),
      signal_(signal) {}

Interruption::Interruption(std::string message) : message_(std::move(message)) {
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
    Throw(static_cast<int>(info.ssi_signo));
  }
}

void Interruption::ThrowIfRaisedButCtrlC() {
  signalfd_siginfo info;
  while (read(fd_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    if (info.ssi_signo != SIGINT) {
      Throw(static_cast<int>(info.ssi_signo));
    }
  }
}

void Interruption::Throw(int signal) {
  if (!message_.empty()) {
    // Nobody is left to be told of an error here.
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, message_.data(), message_.size());
  }
  LetTheNextEndTheProcess();
  throw Interrupted(signal);
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
