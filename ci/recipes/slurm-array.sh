#!/bin/bash
# Slurm: sbatch ci/recipes/slurm-array.sh SCENARIO STORE_DIRECTORY [OPTION OF SWEEP...]
# A task that is requeued resumes in its store. ci/recipes/slurm-try tries it on one machine. When all have ended:
#   faultline merge STORE_DIRECTORY/all.db STORE_DIRECTORY/shard-*.db
#SBATCH --job-name=faultline-sweep
#SBATCH --array=1-16
#SBATCH --cpus-per-task=2
#SBATCH --mem=8G
#SBATCH --time=02:00:00
#SBATCH --requeue
set -euo pipefail

if [ $# -lt 2 ]; then
  echo "usage: sbatch $0 SCENARIO STORE_DIRECTORY [OPTION OF SWEEP...]" >&2
  exit 2
fi
scenario=$1
stores=$2
shift 2
mkdir -p "$stores"
# The shard is read from SLURM_ARRAY_TASK_ID, _MIN and _COUNT.
status=0
"${FAULTLINE:-build/faultline}" sweep "$scenario" --jobs "${SLURM_CPUS_PER_TASK:-1}" \
  --store "$stores/shard-${SLURM_ARRAY_TASK_ID:?not in a Slurm array}.db" "$@" || status=$?
# Findings are an answer, not a failed task: Slurm shall not run it again for them.
[ "$status" -le 1 ]
