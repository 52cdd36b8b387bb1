#include "harness/agent/testing/victim.h"

#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// A program for the agent's tests: each command calls hookable functions and prints what came of
// it.

namespace {

using Arguments = std::vector<std::string>;

void* const widget_before_main = make_widget(1);

// One letter per call: what came back.
void PrintWidget(const void* widget) {
  std::printf("%s", widget != nullptr ? "+" : "-");
  std::fflush(stdout);
}

int Widgets(const Arguments& arguments) {
  for (char which : arguments.at(0)) {
    errno = 77;
    widget_error = 0;
    void* widget = which == 'a'   ? widget_of_a()
                   : which == 'w' ? widget_by_wrapper()
                                  : widget_of_b();
    PrintWidget(widget);
    if (widget == nullptr) {
      std::printf("(%d,%d)", errno, widget_error);
    } else if (errno != 77 || widget_error != 0) {
      std::printf("!");
    }
  }
  std::printf("%s\n", widget_before_main == nullptr ? " none before main" : "");
  return 0;
}

// One letter per toolbox: what came back, ~ for one that was jumped out of.
int Toolboxes(const Arguments& arguments) {
  for (const std::string& how : arguments) {
    if (setjmp(toolbox_exit) != 0) {
      std::printf("~");
      continue;
    }
    try {
      PrintWidget(make_toolbox(how.c_str()));
    } catch (const std::runtime_error&) {
      std::printf("^");
    }
  }
  return 0;
}

int Signatures(const Arguments&) {
  bool ok = many_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) == 506;
  ok = ok && many_doubles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == 295;
  ok = ok && variable_arguments(10, 1., 2., 3., 4., 5., 6., 7., 8., 9., 10.) == 385;
  ok = ok && long_double(1.0L) == 1.0L / 3;
  const victim::Pair pair = returns_pair(40);
  ok = ok && pair.first == 41 && pair.second == 42;
  ok = ok && returns_large(7).values[5] == 12;
  ok = ok && (!__builtin_cpu_supports("avx") || vectors_arrive());
  return ok ? 0 : 1;
}

// What a function returns that makes a widget, which is not made. Each argument is a kind.
int Results(const Arguments& arguments) {
  const std::string& kind = arguments.at(0);
  if (kind == "pair") {
    const victim::Pair pair = pair_without_widget();
    return pair.first == 41 && pair.second == 42 ? 0 : 1;
  }
  if (kind == "double") {
    return double_without_widget() == 1.5 ? 0 : 1;
  }
  return long_double_without_widget() == 2.5L ? 0 : 1;
}

int Registers(const Arguments&) {
  RegisterImage sent{};
  auto* bytes = reinterpret_cast<uint8_t*>(&sent);
  for (size_t i = 0; i < sizeof(sent); ++i) {
    bytes[i] = static_cast<uint8_t>(i * 7 + 3);
  }
  const int width = __builtin_cpu_supports("avx512bw") ? 64
                    : __builtin_cpu_supports("avx")    ? 32
                                                       : 16;
  static RegisterImage left;
  for (int round = 0; round < 100; ++round) {
    call_register_probe(&sent, &left, width);
  }
  int bad = std::memcmp(sent.general, register_seen.general, 9 * sizeof(uint64_t)) != 0;
  bad |= std::memcmp(sent.general, left.general, 9 * sizeof(uint64_t)) != 0;
  const size_t vectors = width == 64 ? 32 : 16;
  for (size_t i = 0; i < vectors; ++i) {
    const auto size = static_cast<size_t>(width);
    bad |= (std::memcmp(sent.vectors[i], register_seen.vectors[i], size) != 0) << 1;
    bad |= (std::memcmp(sent.vectors[i], left.vectors[i], size) != 0) << 1;
  }
  if (width == 64) {
    bad |= (std::memcmp(sent.masks, register_seen.masks, sizeof(sent.masks)) != 0) << 2;
    bad |= (std::memcmp(sent.masks, left.masks, sizeof(sent.masks)) != 0) << 2;
  }
  std::printf("%d bytes\n", width);
  return bad;
}

int Exceptions(const Arguments&) {
  int caught = 0;
  for (int i = 0; i < 40; ++i) {
    try {
      fragile(-1);
    } catch (const std::runtime_error&) {
      ++caught;
    }
  }
  std::thread([] { quit_thread(); }).join();
  return caught == 40 && fragile(5) == 5 ? 0 : 1;
}

int Threads(const Arguments& arguments) {
  const int threads = std::stoi(arguments.at(0));
  const int calls = std::stoi(arguments.at(1));
  std::atomic<int> failed = 0;
  std::vector<std::thread> running;
  running.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      for (int call = 0; call < calls; ++call) {
        failed += widget_of_a() == nullptr ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : running) {
    thread.join();
  }
  std::printf("%d\n", failed.load());
  return 0;
}

volatile sig_atomic_t signals_seen = 0;

void OnSignal(int) {
  signals_seen = signals_seen + 1;
  widget_of_b();
}

// Until the handler has run often enough, hooked functions are interrupted wherever they are.
int Signals(const Arguments& arguments) {
  struct sigaction action {};
  action.sa_handler = &OnSignal;
  sigaction(SIGALRM, &action, nullptr);
  itimerval often{{0, 200}, {0, 200}};
  setitimer(ITIMER_REAL, &often, nullptr);
  const int wanted = std::stoi(arguments.at(0));
  while (signals_seen < wanted) {
    if (many_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) != 506 || widget_of_a() == nullptr) {
      return 1;
    }
  }
  return 0;
}

int Terminated(const Arguments&) {
  struct sigaction action {};
  action.sa_handler = [](int) { signals_seen = 1; };
  sigaction(SIGUSR1, &action, nullptr);
  PrintWidget(widget_of_a());
  std::printf("%d\n", static_cast<int>(signals_seen));
  return 0;
}

int Registry(const Arguments&) {
  int object = 0;
  enlist(&object, "good");
  enlist(&object, "");
  enlist_many(&object);
  enlist(nullptr, "a name that is longer than a record has room for, so it is cut");
  return 0;
}

int Tickets(const Arguments&) {
  uint64_t drawn = 0;
  draw_ticket(&drawn);
  draw_ticket(&drawn);
  return 0;
}

int Jump(const Arguments&) {
  call_enlist_by_jump();
  return 0;
}

int Plugin(const Arguments& arguments) {
  for (int round = 0; round < 2; ++round) {
    void* library = dlopen(arguments.at(0).c_str(), RTLD_NOW);
    if (library == nullptr) {
      std::fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
    auto results = reinterpret_cast<const char* (*)()>(dlsym(library, "plugin_results"));
    std::printf("%s\n", results());
    dlclose(library);
  }
  return 0;
}

int Fork(const Arguments&) {
  const pid_t child = fork();
  PrintWidget(widget_of_a());
  if (child == 0) {
    std::_Exit(3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  PrintWidget(widget_of_a());
  return WEXITSTATUS(status) == 3 ? 0 : 1;
}

int SharedChildren(const Arguments&) {
  const pid_t child = vfork();
  if (child == 0) {
    make_widget(4);
    _exit(4);
  }
  int status = 0;
  waitpid(child, &status, 0);
  PrintWidget(widget_of_a());
  return WEXITSTATUS(status) == 4 ? 0 : 1;
}

int Environment(const Arguments&) {
  std::fflush(stdout);
  char program[] = "/usr/bin/env";
  char* arguments[] = {program, nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, program, nullptr, nullptr, arguments, environ) != 0) {
    return 1;
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

int Exit(const Arguments& arguments) {
  if (arguments.at(0) == "return") {
    return 5;
  }
  std::exit(6);
}

// Prints nanoseconds of processor time per call.
int Speed(const Arguments& arguments) {
  const int calls = std::stoi(arguments.at(0));
  const auto begin = std::clock();
  for (int i = 0; i < calls; ++i) {
    widget_of_a();
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%.1f\n", seconds * 1e9 / calls);
  return 0;
}

// Says that it is there and makes a widget for each line on its standard input.
int Steps(const Arguments&) {
  PrintWidget(widget_of_a());
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    PrintWidget(widget_of_a());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, int (*)(const Arguments&)> commands = {
      {"widgets", Widgets},
      {"signatures", Signatures},
      {"toolboxes", Toolboxes},
      {"registers", Registers},
      {"results", Results},
      {"exceptions", Exceptions},
      {"threads", Threads},
      {"signals", Signals},
      {"terminated", Terminated},
      {"registry", Registry},
      {"tickets", Tickets},
      {"jump", Jump},
      {"plugin", Plugin},
      {"fork", Fork},
      {"shared-children", SharedChildren},
      {"environment", Environment},
      {"exit", Exit},
      {"speed", Speed},
      {"steps", Steps}};
  const auto command = commands.find(argc > 1 ? argv[1] : "");
  if (command == commands.end()) {
    std::fprintf(stderr, "unknown command\n");
    return 2;
  }
  return command->second(Arguments(argv + 2, argv + argc));
}
