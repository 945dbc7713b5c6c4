package dispatch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestAccounts plays at random and audits the books after each event: what they say is what is there.
func TestAccounts(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			g := &game{r: r, q: Queue{Depth: 1 + r.IntN(3), Grace: 50, MaxBytes: r.IntN(2) * 300, MaxTasks: r.IntN(2) * 5, Direct: seed%3 == 0}}
			g.q.pace.average = 50 * time.Microsecond
			for range 600 {
				g.step()
				if wrong := g.audit(); wrong != "" {
					t.Fatalf("after %q: %s", g.last, wrong)
				}
			}
			g.q.Close()
			g.note()
			if l := g.q.Load(); l.Bytes != 0 || l.Blocked != 0 || len(g.q.Tasks()) != 0 || g.ends != g.tasks || len(g.q.timers) != 0 {
				t.Errorf("at the end: %+v, %d tasks are not over, %d of %d have ended, %d are due", l, len(g.q.Tasks()), g.ends, g.tasks, len(g.q.timers))
			}
		})
	}
}

type game struct {
	r           *rand.Rand
	q           Queue
	now         time.Duration
	daemons     []*Daemon
	tasks, ends int
	last        string
}

func (g *game) step() {
	g.now += time.Duration(g.r.IntN(10))
	did := func(what string) bool { g.last = what; return true }
	switch n := g.r.IntN(24); {
	case n < 8 && did("submit"):
		g.q.Submit(g.task(), g.now)
	case n < 9 && did("offer"):
		if t := g.task(); !g.q.Offer(t, g.now) {
			g.tasks--
		}
	case n < 10 && len(g.daemons) < 4 && did("up"):
		d := &Daemon{ID: uint64(g.tasks + 1)}
		g.daemons = append(g.daemons, d)
		g.q.Up(d)
		g.q.Pin(g.task(), d, g.now)
		g.q.Ready(d, g.now)
	case n < 12 && did("cancel"):
		if ts := g.q.Tasks(); len(ts) > 0 {
			g.q.Cancel(ts[g.r.IntN(len(ts))].Task, g.now)
		}
	case n < 14 && did("tick"):
		g.q.Tick(g.now)
	case n < 15 && len(g.daemons) > 0:
		g.lose(did)
	case n >= 20 && len(g.daemons) > 0:
		g.lend(g.place(), did)
	case len(g.daemons) > 0 && did("result"):
		d := g.place()
		if t := d.Running(); t != nil && g.q.Result(d, t.ID, t.Attempt, g.now) != nil {
			g.ends++
		}
	}
	g.note()
}

// place gives any daemon, or any place that one has lent.
func (g *game) place() *Daemon {
	d := g.daemons[g.r.IntN(len(g.daemons))]
	if i := g.r.IntN(len(d.places) + 1); i > 0 {
		return d.places[i-1]
	}
	return d
}

// lend has the task of a daemon wait for another, or go on.
func (g *game) lend(h *Daemon, did func(string) bool) {
	root := h
	if h.lender != nil {
		root = h.lender
	}
	switch t := h.Running(); {
	case t == nil:
	case h.lent != nil && did("resume"):
		g.q.Resume(root, t.ID)
	case did("lend"):
		var back []uint64
		for _, t := range h.at[1:][:g.r.IntN(len(h.at))] {
			back = append(back, t.ID)
		}
		g.q.Lend(root, t.ID, &Daemon{}, back, g.now)
		nested := g.task()
		nested.Level = t.Level + 1
		g.q.Submit(nested, g.now)
	}
}

func (g *game) lose(did func(string) bool) {
	i := g.r.IntN(len(g.daemons))
	d := g.daemons[i]
	g.daemons = slices.Delete(g.daemons, i, i+1)
	if g.r.IntN(2) == 0 && did("leave") {
		g.q.Leave(d, g.now)
	} else if did("down") {
		g.q.Down(d, g.now)
	}
}

func (g *game) task() *Task {
	g.tasks++
	t := &Task{ID: uint64(g.tasks), Frame: make([]byte, g.r.IntN(150)), Priority: g.r.IntN(2), Retries: g.r.IntN(3), Backoff: time.Duration(g.r.IntN(2) * 20)}
	if g.r.IntN(4) == 0 {
		t.Deadline = g.now + time.Duration(1+g.r.IntN(300))
	}
	if g.r.IntN(4) == 0 {
		t.RunLimit = time.Duration(1 + g.r.IntN(100))
	}
	return t
}

// note counts what has ended.
func (g *game) note() {
	for _, a := range g.q.Take() {
		if a.Verb == Finish {
			g.ends++
		}
	}
}

// audit compares the books with the lists.
func (g *game) audit() string {
	var awaiting, bytes, blocked, executing int
	for _, e := range g.q.Tasks() {
		switch {
		case e.State != "waiting":
			executing++
		case e.Task.list == &g.q.blocked:
			blocked++
		default:
			awaiting++
			bytes += len(e.Task.Frame)
		}
	}
	for _, d := range g.daemons {
		if len(d.at) > max(g.q.Depth, 1) {
			return fmt.Sprintf("a daemon has %d tasks", len(d.at))
		}
	}
	c, l := g.q.Counts(), g.q.Load()
	switch {
	case awaiting != c.Awaiting || executing != c.Executing || blocked != l.Blocked || bytes != l.Bytes || l.Peak < bytes:
		return fmt.Sprintf("%d wait with %d bytes, %d at daemons, %d blocked; the books say %+v, %+v", awaiting, bytes, executing, blocked, c, l)
	case blocked > 0 && g.q.holds(g.q.blocked.first):
		return "there is room for a task that is blocked"
	case !g.q.Direct && len(g.q.idle) > 0 && (blocked > 0 || g.q.head() != nil):
		return "a daemon idles while a task waits"
	case g.q.head() != nil && slices.ContainsFunc(g.q.lent, func(d *Daemon) bool { return d.above < g.q.head().Level }):
		return "a lent place is free while a deeper task waits"
	case g.ends != c.Completed:
		return fmt.Sprintf("%d have ended, the books say %d", g.ends, c.Completed)
	}
	return ""
}

// TestBackoffTimes shows how the time between attempts grows.
func TestBackoffTimes(t *testing.T) {
	for _, c := range []struct {
		first   time.Duration
		attempt uint32
		want    time.Duration
	}{
		{0, 1, 0}, {0, 9, 0}, {time.Second, 1, time.Second}, {time.Second, 2, 2 * time.Second}, {time.Second, 6, 32 * time.Second},
		{time.Second, 7, time.Minute}, {time.Hour, 1, time.Minute}, {1, 4_000_000_000, time.Minute},
	} {
		if got := backoff(c.first, c.attempt); got != c.want {
			t.Errorf("backoff(%v, %d) = %v, want %v", c.first, c.attempt, got, c.want)
		}
	}
}
