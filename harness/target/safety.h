#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace faultline {

// DPDK must never probe the host's PCI devices: it can take the machine's own network card away.
// Throws Failure (kBadInput, says what to add or to leave out) unless all of this holds for
// `args` (argv without argv[0]):
//  - each of `required_args` stands before any "--";
//  - when `program` has DPDK in it (see UsesDpdk), "--no-pci" does;
//  - "--legacy-mem" does not, unless "--no-huge" does: it maps every free hugepage of the machine.
// Process calls it for everything it starts, so that no caller can forget.
void CheckSafeToStart(const std::filesystem::path& program, const std::vector<std::string>& args,
                      const std::vector<std::string>& required_args,
                      const std::string& library_path = {});

// As above, of a program that an ArgumentGuard watches: what must stand among its arguments may
// stand elsewhere.
void CheckSafeToWatch(const std::filesystem::path& program, const std::vector<std::string>& args);

// Why EAL's arguments would take the machine's memory; "" when they do not.
std::string RefuseMemoryOptions(const std::vector<std::string>& args);

// True when the ELF file contains or links rte_eal_init: by its symbol tables, or by librte_eal
// among the libraries it needs, directly or through others; a file without a symbol table is judged
// by the strings of EAL's messages and options. `library_path` is the target's LD_LIBRARY_PATH.
// False for what is no ELF file. A script or wrapper that starts such a program is not seen
// through; of a traced target each program that it executes is checked in its turn (Supervisor).
bool UsesDpdk(const std::filesystem::path& program, const std::string& library_path = {});
// The same, remembered as long as the file does not change.
bool UsesDpdkAsBefore(const std::filesystem::path& program, const std::string& library_path = {});

}  // namespace faultline
