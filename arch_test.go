// Package mirai_test holds the tests that are about the whole house.
package mirai_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mojukapu/mirai"

// house is who may import whom: for each package (by folder, /... for all below) the packages of ours and the third
// parties that it may import. The standard library is free. It is ARCHITECTURE.md's table.
var house = map[string][]string{
	"":                 {},
	"lang":             {},
	"launch":           {},
	"internal/wire":    {"lang", "github.com/fxamacker/cbor/v2"},
	"internal/sp":      {"go.nanomsg.org/mangos/v3", "golang.org/x/sys", "github.com/coder/websocket"},
	"internal/share":   {"golang.org/x/sys"},
	"internal/session": {"internal/wire", "internal/sp"},
	"lang/js":          {"lang", "github.com/dop251/goja"},
	"lang/lua":         {"lang", "github.com/yuin/gopher-lua"},
	"lang/engine":      {"lang", "lang/js", "lang/lua"},
	"modules/...":      {"lang", "modules/..."},
	"daemon/dispatch":  {"internal/wire", "internal/sp", "internal/session", "lang"},
	"daemon":           {"lang", "launch", "internal/wire", "internal/sp", "internal/session", "internal/share", "internal/credential", "lang/engine"},
	"eval":             {"lang", "launch", "internal/wire", "internal/sp", "internal/share", "internal/credential", "daemon/dispatch"},
	"parallel":         {"lang", "launch", "eval"},
	"script":           {"lang", "launch", "eval", "daemon", "lang/engine", "modules/...", "parallel", "github.com/mattn/go-isatty"},
	"telemetry":        {"lang", "eval", "daemon", "go.opentelemetry.io/otel"},
	"repl":             {"lang", "eval", "script", "github.com/reeflective/readline", "golang.org/x/term", "github.com/mattn/go-isatty"},
	"cmd/mirai": {"lang", "lang/engine", "launch", "eval", "daemon", "script", "repl", "telemetry", "modules/...", "github.com/alecthomas/kong", "golang.org/x/term", "github.com/mattn/go-isatty",
		"go.opentelemetry.io/otel", "go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf"}, // with the tag otel
	"arrow":          {"lang", "github.com/apache/arrow-go/v18"},
	"examples/arrow": {"lang", "eval", "daemon", "arrow", "github.com/apache/arrow-go/v18"},
	"examples/...":   {"lang", "eval", "daemon", "script", "parallel"},
	"bench/...":      {"lang", "launch", "script", "eval", "daemon", "lang/js", "lang/lua", "internal/wire", "internal/sp", "go.nanomsg.org/mangos/v3", "golang.org/x/sys"}, // it measures the floor too

	"internal/credential": {"github.com/youmark/pkcs8"},
}

// inTests are what test files may import besides.
var inTests = []string{"github.com/rogpeppe/go-internal", "github.com/fxamacker/cbor/v2", "golang.org/x/sys"}

func TestImports(t *testing.T) {
	seen := 0
	walk(t, func(dir, file string, imports []string, test bool) {
		allowed, ok := rule(dir)
		if !ok {
			t.Errorf("%s: no rule for this folder: decide who may import it, in arch_test.go and ARCHITECTURE.md", dir)
			return
		}
		for _, imp := range imports {
			seen++
			if !permitted(imp, dir, allowed, test) {
				t.Errorf("%s imports %s: ARCHITECTURE.md does not let %s do that", file, imp, dir)
			}
		}
	})
	if seen < 100 {
		t.Errorf("only %d imports were looked at", seen)
	}
}

func permitted(imp, dir string, allowed []string, test bool) bool {
	own, ours := strings.CutPrefix(imp, module+"/")
	if !ours && !strings.Contains(strings.Split(imp, "/")[0], ".") {
		return true // standard library
	}
	if ours {
		imp = own
	}
	if test {
		// A test may use its own package, and what stands on the same level or below.
		allowed = append(append(slices.Clone(allowed), dir), inTests...)
		if dir == "internal/sp" || dir == "daemon/dispatch" {
			allowed = append(allowed, "internal/credential") // what TLS needs
		}
		if dir == "" || strings.HasPrefix(dir, "modules") || dir == "eval" || dir == "daemon" || dir == "telemetry" || dir == "parallel" || dir == "arrow" {
			allowed = append(allowed, "lang", "eval", "daemon", "daemon/dispatch", "launch", "lang/js", "lang/lua", "internal/wire", "internal/sp", "internal/share", "internal/credential", "script")
		}
	}
	return slices.ContainsFunc(allowed, func(a string) bool {
		a, below := strings.CutSuffix(a, "/...")
		return imp == a || strings.HasPrefix(imp, a+"/") && (below || !ours)
	})
}

func rule(dir string) ([]string, bool) {
	if a, ok := house[dir]; ok {
		return a, true
	}
	for d := dir; d != "."; d = path.Dir(d) {
		if a, ok := house[d+"/..."]; ok {
			return a, true
		}
	}
	return nil, false
}

// TestPackageComments wants exactly one package comment in each package.
func TestPackageComments(t *testing.T) {
	comments := map[string][]string{}
	walkFiles(t, func(dir, file string) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if f.Doc != nil {
			comments[dir] = append(comments[dir], file)
		} else if _, ok := comments[dir]; !ok {
			comments[dir] = nil
		}
	})
	for dir, files := range comments {
		if len(files) != 1 {
			t.Errorf("%s: want one package comment, have %v", dir, files)
		}
	}
}

func walk(t *testing.T, visit func(dir, file string, imports []string, test bool)) {
	walkFiles(t, func(dir, file string) {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		var imports []string
		for _, i := range f.Imports {
			imports = append(imports, strings.Trim(i.Path.Value, `"`))
		}
		visit(dir, file, imports, strings.HasSuffix(file, "_test.go"))
	})
}

func walkFiles(t *testing.T, visit func(dir, file string)) {
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && file != ".") {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(file, ".go") {
			dir := filepath.ToSlash(filepath.Dir(file))
			if dir == "." {
				dir = ""
			}
			visit(dir, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
