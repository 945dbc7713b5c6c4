package repl

import (
	"context"
	"regexp"
	"sort"
	"strings"

	"github.com/reeflective/readline"

	"github.com/mojukapu/mirai/lang"
)

// path is what can be completed: names joined by dots at the end of the text.
var path = regexp.MustCompile(`(?:^|[^\w$.])((?:[A-Za-z_$][\w$]*[.:])*)([A-Za-z_$][\w$]*)?$`)

// names asks an interpreter for the names at a path, which reads properties and calls nothing of the user's.
var names = map[string]string{
	lang.JS: `(() => { const seen = new Set(); for (let o = Object(%); o && o !== Object.prototype; o = Object.getPrototypeOf(o))
		for (const k of Object.getOwnPropertyNames(o)) seen.add(k); return [...seen].join(" ") })()`,
	lang.Lua: `(function() local t, s = %, "" if type(t) == "table" then for k in pairs(t) do
		if type(k) == "string" then s = s .. k .. " " end end end return s end)()`,
}

var keywords = map[string]string{
	lang.JS: "async await break case catch class const continue delete else false finally for function if instanceof let " +
		"new null return switch this throw true try typeof undefined var while everywhere",
	lang.Lua: "and break do else elseif end everywhere false for function if in local nil not or repeat return then true until while",
}

// complete is what Tab offers: globals, members, commands.
func (r *repl) complete(line []rune, cursor int) readline.Completions {
	text := string(line[:cursor])
	if strings.HasPrefix(text, ":") {
		return candidates(":help :js :lua :quit :status", text).Prefix("")
	}
	m := path.FindStringSubmatch(text)
	if m == nil {
		return readline.Completions{}
	}
	c := candidates(r.namesAt(m[1]), m[2])
	c.PREFIX = m[2]
	return c
}

func candidates(names, prefix string) readline.Completions {
	var found []string
	for _, n := range strings.Fields(names) {
		if strings.HasPrefix(n, prefix) {
			found = append(found, n)
		}
	}
	sort.Strings(found)
	return readline.CompleteValues(found...)
}

// namesAt gives the names in what stands before the last dot, or the globals, separated by spaces.
func (r *repl) namesAt(before string) string {
	language := r.s.Lang()
	object := strings.TrimRight(before, ".:")
	extra := ""
	if object == "" {
		object, extra = map[string]string{lang.JS: "globalThis", lang.Lua: "_G"}[language], keywords[language]
	}
	r.rest()
	defer r.idle()
	found, _ := r.s.Text(context.Background(), strings.Replace(names[language], "%", object, 1))
	return found + " " + extra
}
