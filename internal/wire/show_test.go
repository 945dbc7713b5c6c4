package wire

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/mojukapu/mirai/lang"
)

// show is a sink that writes down what it is told: events that are equal have equal texts.
type show struct{ strings.Builder }

func (s *show) say(format string, args ...any) error {
	if s.Len() > 0 {
		s.WriteByte(' ')
	}
	fmt.Fprintf(s, format, args...)
	return nil
}

func (s *show) Null() error                       { return s.say("null") }
func (s *show) Undefined() error                  { return s.say("undefined") }
func (s *show) Bool(v bool) error                 { return s.say("%t", v) }
func (s *show) Int(v int64) error                 { return s.say("%d", v) }
func (s *show) Float(v float64) error             { return s.say("%vf", v) }
func (s *show) BigInt(v *big.Int) error           { return s.say("%vn", v) }
func (s *show) Text(v string) error               { return s.say("%q", v) }
func (s *show) UTF16(v []uint16) error            { return s.say("utf16:%x", v) }
func (s *show) Bytes(v []byte) error              { return s.say("h'%x'", v) }
func (s *show) Time(sec int64, nsec int) error    { return s.say("time:%d,%d", sec, nsec) }
func (s *show) RegExp(source, flags string) error { return s.say("/%s/%s", source, flags) }
func (s *show) Typed(t lang.Elem, b []byte) error { return s.say("%s:%x", t, b) }
func (s *show) Key(k string) error                { return s.say("%s:", k) }
func (s *show) End() error                        { return s.say(")") }
func (s *show) Ref(i int) error                   { return s.say("#%d", i) }
func (s *show) Begin(k lang.Kind, n int, name string) error {
	if name != "" {
		return s.say("%s[%s]%d(", k, name, n)
	}
	return s.say("%s%d(", k, n)
}

// events gives the text of what raw decodes to.
func events(raw []byte) (string, error) {
	var s show
	err := DecodeAll(raw, &s)
	return s.String(), err
}

func mustEvents(t testing.TB, raw []byte) string {
	t.Helper()
	text, err := events(raw)
	if err != nil {
		t.Fatalf("Decode(%x): %v", clip(raw), err)
	}
	return text
}

// recode decodes raw into an Encoder.
func recode(raw []byte) ([]byte, error) {
	return Encode(func(s lang.Sink) error { return DecodeAll(raw, s) })
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func clip(b []byte) []byte { return b[:min(len(b), 80)] }
