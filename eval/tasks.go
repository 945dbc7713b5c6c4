package eval

import (
	"time"

	"github.com/mojukapu/mirai/daemon/dispatch"
	"github.com/mojukapu/mirai/lang"
)

// TaskStatus is a task that is not over.
type TaskStatus struct {
	ID       uint64
	Name     string
	State    string // "running", "sent" (it stands behind another one at its daemon) or "waiting"
	Daemon   uint64 // 0 while it waits for whichever is free
	PID      int    // of the daemon
	Attempt  int    // that it runs or waits for, from 1
	Priority int
	Waited   time.Duration // from its submission to its start, or until now
	Ran      time.Duration // since this attempt started
}

// Tasks gives every task that is not over: those at daemons, then those that wait in the order they will be sent, then
// those that wait to run again, then those whose submission waits for room.
func (p *Profile) Tasks() []TaskStatus {
	entries, now := p.d.Tasks()
	ts := make([]TaskStatus, len(entries))
	for i, e := range entries {
		f := e.Task.Owner.(*Future)
		t := TaskStatus{ID: e.Task.ID, Name: f.name, State: e.State, Attempt: int(e.Attempt), Priority: e.Task.Priority, Waited: now - f.at}
		if e.Daemon != nil {
			t.Daemon, t.PID = e.Daemon.ID, e.Daemon.Peer.(*dispatch.Link).Hello.PID
		}
		if e.Started > 0 {
			t.Waited, t.Ran = e.Started-f.at, now-e.Started
		}
		ts[i] = t
	}
	return ts
}

// CancelNamed cancels the tasks with a name and tells how many were waiting or running.
func (p *Profile) CancelNamed(name string) int {
	return p.d.CancelIf(func(t *dispatch.Task) bool { return t.Owner.(*Future).name == name })
}

// tasks is mirai.tasks(profile).
func (m module) tasks(c *lang.Call) (any, error) {
	p, _, err := m.named(c)
	if p == nil || err != nil {
		return []any{}, err
	}
	list := []any{}
	for _, t := range p.Tasks() {
		list = append(list, t.record())
	}
	return list, nil
}

func (t TaskStatus) record() *lang.Record {
	r := &lang.Record{}
	r.Set("id", int64(t.ID))
	r.Set("name", t.Name)
	r.Set("state", t.State)
	if t.Daemon > 0 {
		r.Set("daemon", int64(t.Daemon))
		r.Set("pid", int64(t.PID))
	}
	r.Set("attempt", int64(t.Attempt))
	r.Set("priority", int64(t.Priority))
	r.Set("waited", milliseconds(t.Waited))
	if t.State == "running" {
		r.Set("ran", milliseconds(t.Ran))
	}
	return r
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// stopAny is mirai.stop: of handles, or of all tasks with a name, in a profile.
func (m module) stopAny(c *lang.Call) (any, error) {
	if len(c.Args) == 0 || c.Args[0].Kind() != "string" {
		return m.stop(c)
	}
	name, err := c.String(0)
	if err != nil {
		return nil, err
	}
	profile := current(c)
	if c.Given(1) {
		if profile, err = c.String(1); err != nil {
			return nil, err
		}
	}
	p := m.h.Profile(profile)
	if p == nil {
		return int64(0), nil
	}
	return int64(p.CancelNamed(name)), nil
}
