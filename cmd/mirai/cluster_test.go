package main

import (
	"os/exec"
	"testing"
)

// TestSlurm runs testdata/remote/slurm.txtar on a real Slurm, which .ci/slurm starts on one machine.
func TestSlurm(t *testing.T) {
	needs(t, "sbatch", "squeue", "srun")
	if out, err := exec.Command("sinfo", "-h", "-o", "%t").CombinedOutput(); err != nil {
		missing(t, "no Slurm answers: "+string(out))
	}
	runRemote(t, "slurm", nil)
}
