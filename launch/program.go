package launch

import (
	"fmt"
	"io"
	"strings"
)

// A daemon elsewhere is the command mirai, or a Go program that calls daemon.Main first. It is told its settings in one
// of two ways: fed reads them from standard input, Line has the secret ones in the environment.

// fed are the words of a command that becomes a daemon when it is fed Settings.Environ. An empty program is mirai.
func fed(program string) []string {
	if program == "" {
		return []string{"mirai", "daemon", "-"}
	}
	return []string{"env", Cookie + "=" + fromInput, program}
}

// feed is what such a command reads.
func (s Settings) feed() string { return s.Environ() + "\n" }

// Line is the command of a daemon for a shell. What is secret stands in the environment that it sets, where other users
// of that machine cannot read it. The empty program is mirai; any other one must call daemon.Main first in main.
func (s Settings) Line(program string) string {
	if program != "" {
		return Cookie + "=" + Quote(s.Environ()) + " " + Quote(program)
	}
	var words []string
	for _, v := range s.environment() {
		name, value, _ := strings.Cut(v, "=")
		words = append(words, name+"="+Quote(value))
	}
	words = append(words, "mirai", "daemon", Quote(s.URL))
	for _, arg := range s.open().Args() {
		words = append(words, Quote(arg))
	}
	return strings.Join(words, " ")
}

// Read reads what Environ gives: one setting on each line. Empty lines are none.
func Read(r io.Reader) (Settings, error) {
	b, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return Settings{}, fmt.Errorf("launch: cannot read the settings: %w", err)
	}
	return Parse(strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' || r == '\r' }))
}
