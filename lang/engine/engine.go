// Package engine gives the interpreter of a language by its name. Whoever runs code of both languages, a daemon or a
// session, asks here; the two interpreters never learn of each other.
package engine

import (
	"fmt"

	"github.com/mojukapu/mirai/lang"
	"github.com/mojukapu/mirai/lang/js"
	"github.com/mojukapu/mirai/lang/lua"
)

// Languages are the languages that New knows.
func Languages() []string { return []string{lang.JS, lang.Lua} }

// New makes an interpreter. Without cfg.Free, a lone ... among a block's globals is read by Free.
func New(language string, cfg lang.Config) (lang.Interpreter, error) {
	if cfg.Free == nil {
		cfg.Free = Free
	}
	switch language {
	case lang.JS:
		return js.New(cfg)
	case lang.Lua:
		return lua.New(cfg)
	}
	return nil, fmt.Errorf("there is no language %q: use %q or %q", language, lang.JS, lang.Lua)
}

// Free gives the free names of a block, in the order of their first use.
func Free(language, code string) ([]string, error) {
	if language == lang.Lua {
		return lua.Free(code)
	}
	return js.Free(code)
}
