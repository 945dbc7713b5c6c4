package lang

import "math/big"

// Builder builds a Go value from events.
type Builder struct{}

func (b *Builder) Value() any                    { return nil }
func (b *Builder) Null() error                   { return nil }
func (b *Builder) Undefined() error              { return nil }
func (b *Builder) Bool(bool) error               { return nil }
func (b *Builder) Int(int64) error               { return nil }
func (b *Builder) Float(float64) error           { return nil }
func (b *Builder) BigInt(*big.Int) error         { return nil }
func (b *Builder) Text(string) error             { return nil }
func (b *Builder) UTF16([]uint16) error          { return nil }
func (b *Builder) Bytes([]byte) error            { return nil }
func (b *Builder) Time(int64, int) error         { return nil }
func (b *Builder) RegExp(string, string) error   { return nil }
func (b *Builder) Typed(Elem, []byte) error      { return nil }
func (b *Builder) Begin(Kind, int, string) error { return nil }
func (b *Builder) Key(string) error              { return nil }
func (b *Builder) End() error                    { return nil }
func (b *Builder) Ref(int) error                 { return nil }
