// A program that opens a library with rte_eal_init only when it runs: it has nothing of DPDK in it.
// Given the library and a file, it gives that function the arguments that stand in the file.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  using Init = int(int, char**);
  void* library = argc < 3 ? nullptr : dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
  auto* init = library == nullptr ? nullptr
                                  : reinterpret_cast<Init*>(dlsym(library,
                                                                  "rte_"
                                                                  "eal_init"));
  if (init == nullptr) {
    std::puts("no library");
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
  init(static_cast<int>(words.size()), arguments.data());
  pause();
}
