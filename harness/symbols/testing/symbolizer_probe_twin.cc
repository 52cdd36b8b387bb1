#include "harness/symbols/testing/symbolizer_probe.h"

// symbolizer_probe.cc has a variable of this name too.
static int own_variable = 2;

int* symbolizer_probe_twins_own() { return &own_variable; }
