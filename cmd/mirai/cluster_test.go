package main

import (
	"os"
	"os/exec"
	"testing"
)

// TestSlurm runs testdata/remote/slurm.txtar on a real Slurm, which .ci/slurm starts on one machine.
func TestSlurm(t *testing.T) {
	t.Parallel()
	needs(t, "sbatch", "squeue", "srun")
	if out, err := exec.Command("sinfo", "-h", "-o", "%t").CombinedOutput(); err != nil {
		missing(t, "no Slurm answers: "+string(out))
	}
	runRemote(t, "slurm", nil)
}

// TestSGE runs testdata/remote/sge.txtar on a real SGE, which .ci/sge starts on one machine.
func TestSGE(t *testing.T) {
	t.Parallel()
	needs(t, "qsub", "qstat", "qconf")
	root := os.Getenv("SGE_ROOT")
	if root == "" {
		root = "/var/lib/gridengine" // Debian's
	}
	cmd := exec.Command("qconf", "-sh")
	cmd.Env = append(os.Environ(), "SGE_ROOT="+root)
	if out, err := cmd.CombinedOutput(); err != nil {
		missing(t, "no SGE answers: "+string(out))
	}
	runRemote(t, "sge", map[string]string{"SGE_ROOT": root})
}
