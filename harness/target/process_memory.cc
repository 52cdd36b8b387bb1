#include "harness/target/process_memory.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <utility>

#include "harness/target/proc_status.h"

namespace faultline {

std::vector<Mapping> MappingsOf(pid_t pid) {
  std::vector<Mapping> mappings;
  std::istringstream lines(ReadProcFile(pid, "maps"));
  for (std::string line; std::getline(lines, line);) {
    Mapping mapping;
    char access[5] = {};
    int path = 0;
    unsigned long begin = 0;
    unsigned long end = 0;
    unsigned long offset = 0;
    unsigned long inode = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %lx %*s %lu %n", &begin, &end, access, &offset,
                    &inode, &path) < 5) {
      continue;
    }
    mapping.begin = begin;
    mapping.end = end;
    mapping.offset = offset;
    mapping.inode = inode;
    mapping.protection = (access[0] == 'r' ? PROT_READ : 0) | (access[1] == 'w' ? PROT_WRITE : 0) |
                         (access[2] == 'x' ? PROT_EXEC : 0);
    mapping.shared = access[3] == 's';
    mapping.path = line.substr(std::min(static_cast<size_t>(path), line.size()));
    mappings.push_back(std::move(mapping));
  }
  return mappings;
}

std::optional<uint64_t> EntryPoint(pid_t pid) {
  const std::string vector = ReadProcFile(pid, "auxv");
  for (size_t at = 0; at + sizeof(Elf64_auxv_t) <= vector.size(); at += sizeof(Elf64_auxv_t)) {
    Elf64_auxv_t entry;
    std::memcpy(&entry, vector.data() + at, sizeof(entry));
    if (entry.a_type == AT_ENTRY) {
      return entry.a_un.a_val;
    }
  }
  return std::nullopt;
}

bool ReadMemory(pid_t pid, uint64_t address, void* to, size_t size) {
  iovec here = {to, size};
  iovec there = {reinterpret_cast<void*>(address), size};
  return process_vm_readv(pid, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

std::optional<std::string> ReadText(pid_t pid, uint64_t address, size_t most) {
  constexpr size_t kPage = 4096;  // the next one may not be there
  std::string text;
  while (text.size() < most) {
    const uint64_t at = address + text.size();
    char part[kPage];
    const size_t size = std::min(kPage - at % kPage, most - text.size());
    if (!ReadMemory(pid, at, part, size)) {
      return std::nullopt;
    }
    const auto* const end = static_cast<const char*>(std::memchr(part, '\0', size));
    text.append(part, end == nullptr ? size : static_cast<size_t>(end - part));
    if (end != nullptr) {
      return text;
    }
  }
  return std::nullopt;
}

}  // namespace faultline
