package lang

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// LoadFile is a Config.Load that reads script files: name as a path relative to the file from, as it is, with the ending of
// from's language, or the index or init file of a folder.
func LoadFile(from, name string) (Code, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(from), filepath.FromSlash(name))
	}
	candidates := []string{path, path + ".js", filepath.Join(path, "index.js")}
	if LanguageOf(from) == Lua {
		candidates = []string{path, path + ".lua", filepath.Join(path, "init.lua")}
		if !strings.ContainsAny(name, "/\\") { // Lua's a.b.c
			dotted := filepath.Join(filepath.Dir(from), strings.ReplaceAll(name, ".", string(filepath.Separator)))
			candidates = append(candidates, dotted+".lua", filepath.Join(dotted, "init.lua"))
		}
	}
	for _, c := range candidates {
		if st, err := os.Stat(c); err == nil && !st.IsDir() {
			b, err := os.ReadFile(c)
			if err != nil {
				return Code{}, fmt.Errorf("require(%q): %w", name, err)
			}
			return Code{Source: string(b), Name: c, Mode: Script}, nil
		}
	}
	return Code{}, fmt.Errorf("require(%q): no such module, and none of these files: %s", name, strings.Join(candidates, ", "))
}

// Loader is LoadFile for one language, whatever the ending of the file that asks: a Lua block in a JS file, the REPL.
func Loader(language string) func(from, name string) (Code, error) {
	return func(from, name string) (Code, error) {
		if LanguageOf(from) != language {
			from += "." + language
		}
		return LoadFile(from, name)
	}
}

// LanguageOf is the language of a file by its ending; JS when it has none of ours.
func LanguageOf(file string) string {
	if strings.EqualFold(filepath.Ext(file), ".lua") {
		return Lua
	}
	return JS
}
