package eval

import (
	"fmt"
	"math"
	"slices"

	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// daemons(n, options) or daemons(options) sets a profile, or ends it with 0. Without a name it is the current one.
func (m module) daemons(c *lang.Call) (any, error) {
	if len(c.Args) == 0 {
		return nil, &lang.Error{Class: "TypeError", Message: "daemons: say how many: daemons(6), or daemons(0) to end them"}
	}
	cfg, err := m.setting(c, "daemons", 1)
	if err == nil {
		err = starting(c, "daemons", cfg)
	}
	if err != nil {
		return nil, err
	}
	if cfg.Name == "" {
		cfg.Name = current(c)
	}
	return lang.Undefined{}, m.h.set(c.Context, cfg)
}

// noNumber says what to write in place of a number of daemons that cannot be.
var noNumber = map[string]string{
	"daemons": "daemons: the number of daemons must be zero or greater: daemons(6), for instance",
	"with":    "with: say how many daemons: mirai.with({n: 2}, f)",
}

// noOptions says what to write in place of what is neither a whole number nor options.
var noOptions = map[string]string{
	"daemons": "daemons: say how many, a whole number, or give options: daemons(6) or daemons({n: 6, seed: 1}), not %s",
	"with":    "with: say how many daemons, a whole number, or give options: mirai.with({n: 2}, f), not %s",
}

// unset is a number of daemons that nobody gave.
const unset = math.MinInt

// setting reads the number of daemons and options, or options alone, and gives the profile to set. The options are
// argument at when a number is argument 0.
func (m module) setting(c *lang.Call, of string, at int) (Config, error) {
	cfg := m.h.cfg
	cfg.Name, cfg.Daemons = "", unset
	switch v, _ := c.Any(0); n := v.(type) {
	case int64:
		cfg.Daemons = int(n)
	case nil, *lang.Record, []any:
		at = 0
	default:
		return cfg, &lang.Error{Class: "TypeError", Message: fmt.Sprintf(noOptions[of], preview(v))}
	}
	record, err := c.Record(at)
	if err != nil {
		return cfg, err
	}
	o := &options{of: of, record: record}
	if err := o.profile(&cfg); err != nil {
		return cfg, err
	}
	switch {
	case cfg.Daemons == 0:
		cfg.URL, cfg.Launcher = "", nil
	case cfg.Daemons == unset && (cfg.URL != "" || cfg.Launcher != nil):
		cfg.Daemons = 0
	case cfg.Daemons < 0:
		return cfg, &lang.Error{Class: "RangeError", Message: noNumber[of]}
	}
	return cfg, nil
}

// profile reads the options of daemons.
func (o *options) profile(cfg *Config) error {
	if n := o.value("n"); n != nil {
		cfg.Daemons = o.whole("n")
	}
	cfg.Name = o.text("profile")
	if n := o.value("seed"); n != nil {
		seed := int64(o.whole("seed"))
		cfg.Seed = &seed
	}
	if d := o.time("grace"); d > 0 {
		cfg.Grace = d
	}
	cfg.Direct, cfg.NoRespawn = !o.unless("dispatcher"), !o.unless("respawn")
	o.bounds(cfg)
	o.settings(cfg)
	o.listening(cfg)
	nowhere := o.place(cfg)
	if err := o.done(); err != nil {
		return err
	}
	if nowhere != nil {
		return nowhere
	}
	return cfg.Settings.Valid()
}

// settings reads what the daemons are told.
func (o *options) settings(cfg *Config) {
	s := &cfg.Settings
	if v := o.value("cleanup"); v != nil {
		if s.Cleanup = o.text("cleanup"); !slices.Contains([]string{"", "fresh", "none"}, s.Cleanup) {
			o.wrong("cleanup", `"", "fresh" or "none"`, v)
		}
	}
	s.Output = o.flag("output") || s.Output
	if o.value("maxtasks") != nil {
		s.MaxTasks = o.limit("maxtasks")
	}
	if o.value("idletime") != nil {
		s.Idle = o.time("idletime")
	}
	if o.value("heartbeat") != nil {
		s.Heartbeat = o.time("heartbeat")
	}
	if o.value("walltime") != nil {
		s.Wall = o.time("walltime")
	}
	if v := o.value("autoexit"); v != nil {
		if s.Autoexit = o.text("autoexit"); !slices.Contains([]string{launch.Yes, launch.Task, launch.Never}, s.Autoexit) {
			o.wrong("autoexit", `"yes", "task" or "never"`, v)
		}
	}
	s.AsyncDial = o.flag("asyncdial") || s.AsyncDial
}

// place reads where the daemons run: in processes, in this one, or inside the call.
func (o *options) place(cfg *Config) error {
	inside, sync := o.flag("inprocess"), o.flag("sync")
	if !inside && !sync {
		return nil
	}
	if cfg.InProcess == nil {
		cfg.InProcess = cfg.Inside
	}
	if cfg.InProcess == nil {
		return &lang.Error{Class: "Error", Message: fmt.Sprintf(
			"%s: this program lets no daemons run inside it: leave out inprocess and sync (or, in Go, set eval.Config.Inside)", o.of)}
	}
	if sync {
		cfg.Sync, cfg.NoRespawn = true, false
		if cfg.Daemons != 0 {
			cfg.Daemons = 1
		}
	}
	return nil
}
