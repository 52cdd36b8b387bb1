// A library that needs librte_eal, and (with FAULTLINE_MAIN) a program that needs that library
// only.
#ifdef FAULTLINE_MAIN
int UseEal();
int main() { return UseEal() == 12345 ? 1 : 0; }
#else
extern "C" int rte_socket_id_by_idx(unsigned index);
int UseEal();
int UseEal() { return rte_socket_id_by_idx(0); }
#endif
