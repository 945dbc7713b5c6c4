package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/mojukapu/mirai/internal/wire"
	"github.com/mojukapu/mirai/lang"
)

// Host keeps the profiles of a script session by name and gives the module mirai. All its methods are safe for use by
// several goroutines.
type Host struct {
	cfg   Config
	types []*lang.Type // of the modules, and mirai's own

	mu       sync.Mutex
	profiles map[string]*Profile
	alone    map[*Profile]struct{}      // one-task profiles
	nested   map[wire.Upstream]*Profile // of the tasks that run here and submit some
	opened   int                        // pools that mirai.with has made and named, ever
	setups   []setup                    // of classes, in the order they were registered
	pending  int                        // futures that are not resolved
	idle     chan struct{}              // closed when pending falls to 0; nil when nobody waits
	closed   bool
}

// NewHost makes a host without daemons. cfg is the template of each profile: its Name and Daemons are not used.
func NewHost(cfg Config) *Host {
	cfg.shares = newSharing()
	h := &Host{cfg: cfg, profiles: map[string]*Profile{}, alone: map[*Profile]struct{}{}}
	for _, m := range append(h.Modules(), cfg.Modules...) {
		h.types = append(h.types, m.Types...)
	}
	return h
}

// Daemons sets the default profile to n daemons of its own, and waits until they are connected; 0 ends it.
func (h *Host) Daemons(ctx context.Context, n int) error {
	cfg := h.cfg
	cfg.Name, cfg.Daemons = defaultName, n
	return h.set(ctx, cfg)
}

// set makes or replaces a profile; with 0 daemons it only ends the one there is.
func (h *Host) set(ctx context.Context, cfg Config) error {
	if err := cfg.valid(); err != nil {
		return err
	}
	if cfg.Daemons == 0 && cfg.URL == "" && cfg.Launcher == nil {
		h.end(cfg.Name)
		return nil
	}
	h.leave(cfg.Name)
	cfg.setups = h.known()
	p, err := New(ctx, cfg)
	if err != nil {
		return err
	}
	h.mu.Lock()
	old, closed := h.profiles[cfg.Name], h.closed
	if !closed {
		h.profiles[cfg.Name] = p
	}
	since := h.setups[len(cfg.setups):]
	h.mu.Unlock()
	for _, s := range since {
		p.onEach(ctx, s.task, s.frame)
	}
	if closed {
		p.Close()
		return errOver
	}
	if old != nil { // two set it at once
		old.Close()
	}
	return nil
}

// end ends a profile, if there is one of that name, and all its daemons.
func (h *Host) end(name string) {
	if p := h.remove(name); p != nil {
		p.Dismiss()
	}
}

// leave ends a profile, if there is one of that name, and leaves the daemons that stay to the next one.
func (h *Host) leave(name string) {
	if p := h.remove(name); p != nil {
		p.Close()
	}
}

func (h *Host) remove(name string) *Profile {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.profiles[name]
	delete(h.profiles, name)
	return p
}

// Profile gives a profile by its name, nil when no daemons are set for it. The empty name means the default one.
func (h *Host) Profile(name string) *Profile {
	name = cmp.Or(name, defaultName)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.profiles[name]
}

// Go submits a task to a profile, the default one where the name is empty. Without daemons there, the task gets a process of its own.
func (h *Host) Go(profile string, t Task) (*Future, error) {
	return h.submit(context.Background(), profile, t)
}

// submit is Go; ctx bounds what is evaluated inside the call, and says to traces whose doing it is.
func (h *Host) submit(ctx context.Context, profile string, t Task) (*Future, error) {
	profile = cmp.Or(profile, defaultName)
	var f *Future
	if p := h.Profile(profile); p != nil {
		f = p.submit(context.WithoutCancel(ctx), t)
		p.inside(ctx, f)
	} else if profile != defaultName {
		return nil, noDaemons(profile)
	} else {
		var err error
		if f, err = h.once(ctx, t); err != nil {
			return nil, err
		}
	}
	if f.refused() { // it never was a task
		return nil, f.parse()
	}
	h.count(f)
	return f, nil
}

// count has Wait wait for a future.
func (h *Host) count(f *Future) {
	h.mu.Lock()
	h.pending++
	h.mu.Unlock()
	f.Notify(h.settle)
}

func (h *Host) settle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending--; h.pending == 0 && h.idle != nil {
		close(h.idle)
		h.idle = nil
	}
}

// Wait waits until no task is pending.
func (h *Host) Wait(ctx context.Context) error {
	h.mu.Lock()
	if h.pending == 0 {
		h.mu.Unlock()
		return nil
	}
	if h.idle == nil {
		h.idle = make(chan struct{})
	}
	idle := h.idle
	h.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *Host) once(ctx context.Context, t Task) (*Future, error) {
	cfg := h.cfg
	cfg.Name, cfg.setups = "one task", h.known()
	p, f, err := once(ctx, cfg, t)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	closed := h.closed
	if !closed {
		h.alone[p] = struct{}{}
	}
	h.mu.Unlock()
	if closed {
		p.Close()
		return nil, errOver
	}
	f.Notify(func() {
		go func() {
			p.Close()
			h.mu.Lock()
			delete(h.alone, p)
			h.mu.Unlock()
		}()
	})
	return f, nil
}

func noDaemons(name string) error {
	if name == defaultName {
		return errors.New("no daemons set: set some with daemons(6), for instance")
	}
	return fmt.Errorf("no daemons set for the profile %q: set some with daemons(6, {profile: %q}), for instance", name, name)
}

// Status says for a person which profiles there are and what they do.
func (h *Host) Status() string {
	h.mu.Lock()
	var names []string
	for name := range h.profiles {
		names = append(names, name)
	}
	h.mu.Unlock()
	sort.Strings(names)
	if len(names) == 0 {
		return "no daemons set"
	}
	var b strings.Builder
	for _, name := range names {
		if p := h.Profile(name); p != nil {
			s := p.Status()
			expected := ""
			if s.Expected > 0 {
				expected = fmt.Sprintf(", %d expected", s.Expected)
			}
			fmt.Fprintf(&b, "%s: %d daemons%s at %s; %d waiting, %d running, %d completed\n",
				name, s.Connections, expected, s.URL, s.Awaiting, s.Executing, s.Completed)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

var errOver = errors.New("eval: this session is over: no daemons can be set, and no tasks submitted")

// Close ends every profile.
func (h *Host) Close() error {
	h.mu.Lock()
	h.closed = true
	var ps []*Profile
	for _, p := range h.profiles {
		ps = append(ps, p)
	}
	for p := range h.alone {
		ps = append(ps, p)
	}
	h.profiles = map[string]*Profile{}
	h.mu.Unlock()
	var errs []error
	for _, p := range ps {
		errs = append(errs, p.Close())
	}
	h.cfg.shares.close()
	return errors.Join(errs...)
}

// Modules gives the module mirai, and the globals that come with it.
func (h *Host) Modules() []lang.Module {
	m := module{h}
	return []lang.Module{Plainly(m.mirai()), Plainly(m.globals())}
}
