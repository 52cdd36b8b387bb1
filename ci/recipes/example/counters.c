/* A small server on DPDK, which the recipes build, run and sweep. One of its error paths forgets something. */
#include <rte_eal.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t stop;
static struct rte_mempool *pool;
static struct rte_ring *requests, *answers;

static void on_signal(int number) {
  (void)number;
  stop = 1;
}

static int open_rings(void) {
  requests = rte_ring_create("requests", 64, SOCKET_ID_ANY, 0);
  if (requests == NULL) return -1;
  answers = rte_ring_create("answers", 64, SOCKET_ID_ANY, 0);
  if (answers == NULL) return -1; /* and the requests? */
  return 0;
}

static void close_rings(void) {
  rte_ring_free(answers);
  rte_ring_free(requests);
}

static int open_pool(void) {
  pool = rte_mempool_create("counters", 255, 64, 0, 0, NULL, NULL, NULL, NULL, SOCKET_ID_ANY, 0);
  return pool == NULL ? -1 : 0;
}

int main(int argc, char **argv) {
  signal(SIGTERM, on_signal);
  if (rte_eal_init(argc, argv) < 0) return 1;
  if (open_rings() != 0) {
    fprintf(stderr, "ERROR: no rings\n");
    rte_eal_cleanup();
    return 1;
  }
  if (open_pool() != 0) {
    fprintf(stderr, "ERROR: no pool\n");
    close_rings();
    rte_eal_cleanup();
    return 1;
  }
  printf("ready\n");
  fflush(stdout);
  while (!stop) usleep(1000);
  rte_mempool_free(pool);
  close_rings();
  rte_eal_cleanup();
  return 0;
}
