package eval

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/launch"
)

// configuration is a launch configuration of a script.
type configuration struct {
	Launcher
	shown string
}

func configurationType() *lang.Type {
	return &lang.Type{
		Name:   "mirai launch configuration",
		Is:     func(v any) bool { _, ok := v.(*configuration); return ok },
		Show:   func(self any) string { return self.(*configuration).shown },
		Refuse: "a launch configuration cannot be sent: make it where daemons are set",
	}
}

// configured is a function that makes launch configurations: of options, or of the first one and then the others.
func configured(name, first string, read func(o *options) (Launcher, error)) lang.Func {
	return lang.Func{Name: name, Call: func(c *lang.Call) (any, error) {
		record, at := &lang.Record{}, 0
		if v, err := c.Any(0); err == nil && c.Given(0) && (isText(v) || isList(v)) {
			record.Set(first, v)
			at = 1
		}
		functions, err := readOptions(c, at, record)
		if err != nil {
			return nil, err
		}
		o := &options{of: name, record: record}
		by, err := read(o)
		if err := errors.Join(o.done(), err); err != nil {
			return nil, err
		}
		if h, ok := by.(launch.HTTP); ok {
			if functions["url"] == nil && h.URL != "" {
				record.Set("url", h.Where())
			}
			if len(functions) > 0 {
				h.Refresh = refresh(functions)
			}
			by = h
		}
		return &configuration{by, "mirai." + name + shownOptions(record)}, nil
	}}
}

func isText(v any) bool {
	_, ok := v.(string)
	return ok
}

func isList(v any) bool {
	l, ok := v.([]any)
	return ok && len(l) > 0
}

// mayCall are the options that may be functions of the script, in the order in which they are called.
var mayCall = []string{"url", "headers", "data", "cookie", "token"}

// readOptions adds the options at argument i to a record, and gives those that stay functions of the script.
func readOptions(c *lang.Call, i int, to *lang.Record) (functions map[string]lang.Callback, err error) {
	if !c.Given(i) {
		return nil, nil
	}
	strip, err := builtin(c, withoutFunctions[c.Lang])
	if err != nil {
		return nil, err
	}
	rest, err := strip.Call(c.Args[i], mayCall)
	if err != nil {
		return nil, err
	}
	plain, err := recordOf(rest, c.Name)
	if err != nil {
		return nil, err
	}
	for j, k := range plain.Keys {
		to.Set(k, plain.Values[j])
	}
	pick, err := picker(c)
	if err != nil {
		return nil, err
	}
	functions = map[string]lang.Callback{}
	for _, name := range mayCall {
		if v, err := pick.Call(c.Args[i], name); err == nil && v.Func() != nil {
			functions[name] = v.Func()
			to.Set(name, callable{})
		}
	}
	return functions, nil
}

// withoutFunctions are functions of both languages that give an object without those entries that are named and functions.
var withoutFunctions = map[string]string{
	lang.JS: `(o, names) => o === null || typeof o !== "object" ? o :
  Object.fromEntries(Object.entries(o).filter(([k, v]) => typeof v !== "function" || !names.includes(k)))`,
	lang.Lua: `function(o, names)
  if type(o) ~= "table" then return o end
  local r = {}
  for k, v in pairs(o) do r[k] = v end
  for _, k in ipairs(names) do if type(r[k]) == "function" then r[k] = nil end end
  return r
end`,
}

// callable stands for an option that is a function of the script.
type callable struct{}

func (callable) String() string { return "function" }

// secret are the options that are not shown.
var secret = []string{"token", "cookie", "headers", "data"}

func shownOptions(r *lang.Record) string {
	if len(r.Keys) == 0 {
		return "()"
	}
	var b strings.Builder
	for i, k := range r.Keys {
		if i > 0 {
			b.WriteString(", ")
		}
		shown := preview(r.Values[i])
		if contains(secret, k) {
			shown = "***"
		}
		b.WriteString(k + ": " + shown)
	}
	return "({" + b.String() + "})"
}

// refresh asks the functions of a script for the options that they give, at each launch.
func refresh(functions map[string]lang.Callback) func(*launch.HTTP) error {
	return func(h *launch.HTTP) error {
		r := &lang.Record{}
		for _, name := range mayCall {
			f := functions[name]
			if f == nil {
				continue
			}
			v, err := f.Call()
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			var b lang.Builder
			if err := v.Walk(&b); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			r.Set(name, b.Value())
		}
		o := &options{of: "http", record: r}
		o.http(h)
		return o.done()
	}
}

// http reads what a request is made of, where it is given.
func (o *options) http(h *launch.HTTP) {
	for name, to := range map[string]*string{"url": &h.URL, "method": &h.Method, "cookie": &h.Cookie, "token": &h.Token, "data": &h.Data} {
		if s := o.value(name); s != nil && s != (callable{}) {
			*to = o.text(name)
		}
	}
	if v := o.value("headers"); v != nil && v != (callable{}) {
		h.Headers = map[string]string{}
		if r := o.object("headers"); r != nil {
			for i, k := range r.Keys {
				h.Headers[k] = fmt.Sprint(r.Values[i])
			}
		}
	}
}

func readHTTP(o *options) (Launcher, error) {
	var h launch.HTTP
	o.http(&h)
	h.Timeout, h.Program, h.Start = o.time("timeout"), o.text("program"), o.time("start")
	return h, nil
}

func readSSH(o *options) (Launcher, error) {
	return launch.SSH{Hosts: o.words("hosts"), Tunnel: o.flag("tunnel"), Timeout: o.time("timeout"), Options: o.words("options"),
		Command: o.text("command"), Program: o.text("program"), Start: o.time("start")}, nil
}

func readCluster(o *options) (Launcher, error) {
	return launch.Cluster{System: o.text("system"), Options: strings.Join(o.words("options"), "\n"), Name: o.text("name"), Log: o.text("log"),
		Command: o.text("command"), Args: o.words("args"), Single: o.flag("single"), Program: o.text("program"), Start: o.time("start")}, nil
}

func readRemote(o *options) (Launcher, error) {
	r := launch.Remote{Command: o.text("command"), Quote: o.flag("quote"), Program: o.text("program"), Start: o.time("start")}
	args, _ := o.value("args").([]any)
	if isList(args) && isList(args[0]) {
		for _, host := range args {
			in := &options{of: o.of, record: &lang.Record{Keys: []string{"args"}, Values: []any{host}}}
			r.Args = append(r.Args, in.words("args"))
			if in.err != nil {
				return nil, in.err
			}
		}
	} else if words := o.words("args"); len(words) > 0 {
		r.Args = [][]string{words}
	}
	_, err := r.Jobs(0, "")
	return r, err
}

// words is a text, or a list of texts.
func (o *options) words(name string) []string {
	switch v := o.value(name).(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case []any:
		words := make([]string, len(v))
		for i, x := range v {
			var ok bool
			if words[i], ok = x.(string); !ok {
				o.wrong(name, "a list of strings", v)
				return nil
			}
		}
		return words
	default:
		o.wrong(name, "a string or a list of strings", v)
		return nil
	}
}

// remote reads the option remote.
func (o *options) remote() Launcher {
	switch v := o.value("remote").(type) {
	case nil:
		return nil
	case *configuration:
		return v.Launcher
	default:
		o.wrong("remote", "a launch configuration, mirai.ssh(...), mirai.cluster(...), mirai.http(...) or mirai.remote(...)", v)
		return nil
	}
}

// launch(n, options) starts more daemons of a profile that is set. It gives how many, or the commands of those that are
// launched elsewhere.
func (m module) launch(c *lang.Call) (any, error) {
	n, at := 0, 0
	if c.Given(0) && (c.Args[0].Kind() == "number" || c.Args[0].Kind() == "integer") {
		var err error
		if n, err = c.Int(0); err != nil {
			return nil, err
		}
		if at = 1; n < 1 {
			return nil, &lang.Error{Class: "RangeError", Message: "launch: the number of daemons must be one or greater: mirai.launch(2), for instance"}
		}
	}
	record, err := c.Record(at)
	if err != nil {
		return nil, err
	}
	o := &options{of: "launch", record: record}
	by, name := o.remote(), o.text("profile")
	p, err := m.need(c, name)
	var cfg Config
	if err == nil {
		cfg.Settings = p.cfg.Settings
		o.settings(&cfg)
	}
	if err := errors.Join(o.done(), err); err != nil {
		return nil, err
	}
	if by == nil {
		n = max(n, 1)
	}
	commands, err := p.launch(c.Context, n, by, cfg.Settings)
	if err != nil {
		return nil, err
	}
	if by == nil {
		return int64(n), nil
	}
	return texts(commands), nil
}

func texts(list []string) []any {
	all := make([]any, len(list))
	for i, s := range list {
		all[i] = s
	}
	return all
}
