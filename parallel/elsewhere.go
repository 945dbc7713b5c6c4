package parallel

import (
	"fmt"
	"strings"

	"github.com/mojukapu/mirai/eval"
	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// With Config.URL nodes are daemons that connect from elsewhere. Each node listens at an address of its own, so that the
// port must be 0, and has one launch: by Config.Launcher, or by a person who runs Node.Commands. What is asked of a
// node before it connects waits for it.

// placed says how many nodes there are and who launches them; nil: they start here. It makes cfg that of a profile that
// has the one daemon.
func placed(n int, cfg *eval.Config) (int, eval.Launcher, error) {
	by := cfg.Launcher
	if cfg.Launcher, cfg.Daemons = nil, 1; cfg.URL == "" {
		switch {
		case by != nil:
			return 0, nil, &lang.Error{Class: "TypeError", Message: "cluster: nodes that are launched elsewhere need an address that they can reach: give url, tls+tcp://HOST:0 for instance"}
		case n < 1:
			return 0, nil, errNumber
		}
		return n, nil, nil
	}
	if n < 0 {
		return 0, nil, errNumber
	}
	if cfg.Daemons = 0; by == nil {
		by = launch.Remote{} // nothing happens: the commands are for a person
	}
	if n == 0 {
		jobs, err := by.Jobs(0, cfg.URL)
		if err != nil {
			return 0, nil, err
		}
		for _, j := range jobs {
			n += j.Daemons
		}
	}
	if n > 1 && !strings.HasSuffix(cfg.URL, ":0") {
		return 0, nil, &lang.Error{Class: "TypeError", Message: fmt.Sprintf("cluster: each node listens at an address of its own, and the url is %q: write port 0, tls+tcp://HOST:0 for instance", cfg.URL)}
	}
	cfg.Watch = append(cfg.Watch[:len(cfg.Watch):len(cfg.Watch)], eval.EndWithDaemon)
	return n, by, nil
}

// one launches node i of n as by launches all: on its own host where there are several.
type one struct {
	by   eval.Launcher
	n, i int
}

// Jobs gives the one job of the node.
func (o one) Jobs(_ int, url string) ([]launch.Job, error) {
	if o.n > 1 {
		if jobs, err := o.by.Jobs(o.n, url); err != nil || len(jobs) == o.n {
			return jobs[min(o.i, len(jobs)):min(o.i+1, len(jobs))], err
		}
	}
	return o.by.Jobs(1, url)
}
