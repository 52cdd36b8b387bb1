#pragma once

// A library whose functions symbolizer_test.cc looks up in files with all, some or no debug info.
// symbolizer_probe calls `visit` once with a return address that lies in probe::Walker::Walk,
// through two functions inlined into each other.
using Visitor = void (*)(void* return_address);

extern int symbolizer_probe_variable[4];
extern "C" {
void symbolizer_probe(Visitor visit);
int* symbolizer_probe_shared();     // symbolizer_probe_variable
int* symbolizer_probe_own();        // symbolizer_probe.cc's own_variable
void* symbolizer_probe_hidden();    // probe::(anonymous namespace)::Holder::Hidden
int* symbolizer_probe_twins_own();  // symbolizer_probe_twin.cc's own_variable
}
