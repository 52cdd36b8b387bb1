#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/run/argument_places.h"
#include "harness/scenario/profile.h"

namespace faultline {

// A program that `faultline init` is to describe: what of DPDK and SPDK it contains, and what it is
// started with.
struct InitSubject {
  std::filesystem::path program;
  std::string name;  // of its profile and scenario
  bool has_dpdk = false;
  bool has_spdk = false;
  bool has_free_port = false;         // an argument is or has ${free_port}
  std::vector<std::string> args;      // as they are written: run-time names are variables
  std::vector<std::string> app_args;  // from "--" on
  // "conf -> /home/me/conf": arguments that are written otherwise than they were given.
  std::vector<std::string> changed_args;
};

// `args` as the user gave them; what a program on DPDK must have so that runs of it neither touch
// the machine nor each other is added. A relative path of a file becomes an absolute one, since
// runs have a directory of their own; the names that only a run knows (${free_port}) stay. `name`
// "" = that of the program's file. Failure (kBadInput) when the name cannot be a file's.
InitSubject MakeInitSubject(const std::filesystem::path& program, const std::string& name,
                            const std::vector<std::string>& args);

// Arguments that are the port at which it was seen to listen (7777, --port=7777, host:7777) become
// ${free_port}, if there is one such port.
void UseFreePort(const std::vector<int>& tcp_ports, InitSubject& subject);

// Arguments that are an empty directory or something that it makes there, or lie below it, become
// places in the run directory. True when any did. What it makes beside other things stays where it
// is.
bool UseRunDir(const std::vector<ArgumentPlace>& places, InitSubject& subject);

// Is it somebody's own program, rather than one of the system's? A script (#!) is not: its calls
// are made by what reads it. But what it was seen to execute in a child, FirstLook::wraps, may be.
bool IsOfOnesOwn(const InitSubject& subject, const std::filesystem::path& in_child = {});

// How it is started for the first look.
Profile StartOf(const InitSubject& subject);

// A text in a YAML file: quoted, and no `${` of it is a variable.
std::string QuotedText(const std::string& text);

}  // namespace faultline
