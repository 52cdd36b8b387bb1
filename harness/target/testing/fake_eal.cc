// A program that looks to the harness as if it had DPDK in it, for the tests of safety.h. It does
// nothing.
extern "C" {
[[gnu::used, gnu::noinline]] int rte_eal_init(int, char**) { return 0; }
}
[[gnu::used]] static const char* const kMessage = "EAL: Detected lcore";
[[gnu::used]] static const char* const kOption = "no-pci";

int main() { return 0; }
