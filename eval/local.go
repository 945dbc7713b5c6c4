package eval

import (
	"fmt"

	"github.com/mojukapu/mirai/lang"
)

// daemons(n, options) or daemons(options) sets a profile, or ends it with 0. Without a name it is the current one.
func (m module) daemons(c *lang.Call) (any, error) {
	if len(c.Args) == 0 {
		return nil, &lang.Error{Class: "TypeError", Message: "daemons: say how many: daemons(6), or daemons(0) to end them"}
	}
	cfg, err := m.setting(c, "daemons", 1)
	if err != nil {
		return nil, err
	}
	if cfg.Name == "" {
		cfg.Name = m.h.current()
	}
	return lang.Undefined{}, m.h.set(c.Context, cfg)
}

// noNumber says what to write in place of a number of daemons that cannot be.
var noNumber = map[string]string{
	"daemons": "daemons: the number of daemons must be zero or greater: daemons(6), for instance",
	"with":    "with: say how many daemons: mirai.with({n: 2}, f)",
}

// setting reads the number of daemons and options, or options alone, and gives the profile to set. The options are
// argument at when a number is argument 0.
func (m module) setting(c *lang.Call, of string, at int) (Config, error) {
	cfg := m.h.cfg
	cfg.Name, cfg.Daemons = "", -1
	if k := c.Args[0].Kind(); k == "number" || k == "integer" {
		n, err := c.Int(0)
		if err != nil {
			return cfg, err
		}
		cfg.Daemons = n
	} else {
		at = 0
	}
	record, err := c.Record(at)
	if err != nil {
		return cfg, err
	}
	o := &options{of: of, record: record}
	if err := o.profile(&cfg); err != nil {
		return cfg, err
	}
	if cfg.Daemons < 0 {
		return cfg, &lang.Error{Class: "RangeError", Message: noNumber[of]}
	}
	return cfg, nil
}

// profile reads the options of daemons.
func (o *options) profile(cfg *Config) error {
	if n := o.value("n"); n != nil {
		cfg.Daemons = o.count("n")
	}
	cfg.Name = o.text("profile")
	if n := o.value("seed"); n != nil {
		seed := int64(o.count("seed"))
		cfg.Seed = &seed
	}
	if d := o.time("grace"); d > 0 {
		cfg.Grace = d
	}
	cfg.Direct, cfg.NoRespawn = !o.unless("dispatcher"), !o.unless("respawn")
	o.bounds(cfg)
	o.settings(cfg)
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
	if v := o.text("cleanup"); v != "" {
		s.Cleanup = v
	}
	s.Output = o.flag("output") || s.Output
	s.MaxTasks, s.Idle, s.Wall = o.count("maxtasks"), o.time("idletime"), o.time("walltime")
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
