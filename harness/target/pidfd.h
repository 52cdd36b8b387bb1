#pragma once

// glibc 2.36 (Debian 12) forgot the C linkage in this header; giving it again does no harm.
extern "C" {
#include <sys/pidfd.h>
}
