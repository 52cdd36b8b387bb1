// A program that looks to the harness as if it had DPDK in it, for the tests of safety.h and
// argument_guard.h. Given a file, it gives its rte_eal_init the arguments that stand there, one a
// line, and waits; with FORK in its environment in a child. It refuses the argument --refused
// before that. As a library it is that function alone.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

extern "C" {
[[gnu::used, gnu::noinline]] int rte_eal_init(int, char**) {
  std::puts("begun");
  std::fflush(stdout);
  return 0;
}
}
[[gnu::used]] static const char* const kMessage = "EAL: Detected lcore";
[[gnu::used]] static const char* const kOption = "no-pci";

#ifndef FAULTLINE_LIBRARY
int main(int argc, char** argv) {
  if (argc < 2) {
    return 0;
  }
  if (std::string(argv[argc - 1]) == "--refused") {
    return 1;
  }
  std::vector<std::string> words = {"program"};
  std::ifstream lines(argv[1]);
  for (std::string line; std::getline(lines, line);) {
    words.push_back(line);
  }
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  if (getenv("FORK") != nullptr && fork() != 0) {
    wait(nullptr);
    return 0;
  }
  rte_eal_init(static_cast<int>(words.size()), arguments.data());
  pause();
}
#endif
