#include "harness/run/testing/victim_threads.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <string>

#include "harness/run/testing/victim_check.h"

namespace victim {
namespace {

pthread_mutex_t mutex;  // error-checking: it knows its owner by the thread's id
pthread_mutex_t robust;
pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
int round_number = 0;
int arrived = 0;
thread_local uint64_t own_value = 0;

void MakeMutexes() {
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&mutex, &kind);
  pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &kind);
}

void* RobustList() {
  void* list = nullptr;
  size_t size = 0;
  syscall(SYS_get_robust_list, 0, &list, &size);
  return list;
}

// Waits for each round and says that it is there.
void WaitForRounds(int id, double factor) {
  const SignalStack signal_stack;
  own_value = static_cast<uint64_t>(id) * 1000;
  pthread_setname_np(pthread_self(), ("victim-" + std::to_string(id)).c_str());
  const pid_t tid = gettid();
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  void* robust_list = RobustList();
  double product = factor;
  int seen = 0;
  while (true) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_lock(&mutex) == EDEADLK);
    while (round_number == seen) {
      pthread_cond_wait(&changed, &mutex);
    }
    seen = round_number;
    ++arrived;
    pthread_cond_broadcast(&changed);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    product = product * factor / factor;
    CHECK(own_value == static_cast<uint64_t>(id) * 1000);
    CHECK(tid == gettid());
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    CHECK(sigismember(&blocked, SIGUSR1) == 1);
    CHECK(robust_list == RobustList());
    CHECK(product == factor);
    signal_stack.Check();
    CHECK(pthread_mutex_lock(&robust) == 0);
    CHECK(pthread_mutex_unlock(&robust) == 0);
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof(name));
    CHECK(name == "victim-" + std::to_string(id));
    if (seen < 0) {
      return;
    }
  }
}

// Spins, with numbers in registers.
void Spin(std::atomic<bool>* stop, std::atomic<uint64_t>* turns) {
  double sum = 0;
  uint64_t count = 0;
  while (!*stop) {
    sum += 0.5;
    ++count;
    CHECK(sum == static_cast<double>(count) * 0.5);
    ++*turns;
  }
}

void Sleep(std::atomic<bool>* stop) {
  while (!*stop) {
    const timespec little = {0, 20'000'000};
    CHECK(nanosleep(&little, nullptr) == 0);
  }
}

// As DPDK's thread for interrupts does it.
void WaitForEvents(int epoll, int timer, int event, int pipe_end, std::atomic<int>* ticks) {
  while (true) {
    epoll_event happened = {};
    const int got = epoll_wait(epoll, &happened, 1, -1);
    CHECK(got == 1);
    uint64_t count = 0;
    if (happened.data.fd == timer) {
      CHECK(read(timer, &count, sizeof(count)) == sizeof(count));
      ++*ticks;
    } else if (happened.data.fd == event) {
      CHECK(read(event, &count, sizeof(count)) == sizeof(count));
    } else if (happened.data.fd == pipe_end) {
      char end = 0;
      CHECK(read(pipe_end, &end, 1) == 1);
      return;
    }
  }
}

}  // namespace

SignalStack::SignalStack() {
  const stack_t own = Own();
  CHECK(sigaltstack(&own, &before_) == 0);
}

SignalStack::~SignalStack() { CHECK(sigaltstack(&before_, nullptr) == 0); }

void SignalStack::Check() const {
  stack_t now = {};
  CHECK(sigaltstack(nullptr, &now) == 0);
  CHECK(now.ss_sp == bytes_.data() && now.ss_size == bytes_.size() && now.ss_flags == 0);
}

stack_t SignalStack::Own() {
  stack_t own = {};
  own.ss_sp = bytes_.data();
  own.ss_size = bytes_.size();
  return own;
}

WaitingThreads::WaitingThreads(int threads) {
  MakeMutexes();
  for (int i = 0; i < threads; ++i) {
    if (i == 0) {
      StartWaitingForEvents();
    } else if (i == 1) {
      all_.emplace_back(Spin, &stop_, &turns_);
    } else if (i == 2) {
      all_.emplace_back(Sleep, &stop_);
    } else {
      all_.emplace_back(WaitForRounds, i, static_cast<double>(i));
      ++in_rounds_;
    }
  }
}

void WaitingThreads::StartWaitingForEvents() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  wake_up_ = eventfd(0, 0);
  CHECK(pipe(pipe_ends_) == 0);
  itimerspec every = {{0, 10'000'000}, {0, 10'000'000}};
  timerfd_settime(timer, 0, &every, nullptr);
  for (const int fd : {timer, wake_up_, pipe_ends_[0]}) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = fd;
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
  }
  all_.emplace_back(WaitForEvents, epoll, timer, wake_up_, pipe_ends_[0], &ticks_);
}

void WaitingThreads::Round(int number) {
  if (in_rounds_ == 0) {
    return;
  }
  pthread_mutex_lock(&mutex);
  round_number = number;
  arrived = 0;
  pthread_cond_broadcast(&changed);
  while (arrived < in_rounds_) {
    pthread_cond_wait(&changed, &mutex);
  }
  pthread_mutex_unlock(&mutex);
}

void WaitingThreads::CheckOthers() {
  if (all_.empty()) {
    return;
  }
  const int before = ticks_;
  while (ticks_ < before + 3 && !wrong) {
    usleep(1000);
  }
  const uint64_t turns_before = turns_;
  while (all_.size() > 1 && turns_ == turns_before) {
    usleep(1000);
  }
  const uint64_t one = 1;
  CHECK(write(wake_up_, &one, sizeof(one)) == sizeof(one));
  CHECK(write(pipe_ends_[1], "x", 1) == 1);
}

void WaitingThreads::Stop() {
  stop_ = true;
  Round(-1);
  for (std::thread& thread : all_) {
    thread.join();
  }
}

void CheckMutex() {
  CHECK(pthread_mutex_lock(&mutex) == 0);
  CHECK(pthread_mutex_unlock(&mutex) == 0);
}

}  // namespace victim
