// Package wire is what host and daemon say to each other, in bytes. SPEC.md says it for whoever writes the other end.
//
// Values: an Encoder is a lang.Sink that appends CBOR, Decode drives any lang.Sink through CBOR, Skip steps over an item
// without looking at it. EncodeGo, ToGo and Into do the same for Go values. AppendHead and the like, and Reader, are the
// small change that messages are made of.
//
// Nothing here trusts its input: whatever is wrong with the bytes is a *Corrupt that says where, and whatever is beyond
// the Limits a *lang.Refused.
package wire

import "github.com/mojukapu/mirai/lang"

// Encode gives the value of a feed as CBOR.
func Encode(feed lang.Feed) ([]byte, error) { return Append(nil, feed) }

// Append appends the value of a feed to buf. Large arrays are aligned relative to buf[0]: append to the frame itself.
func Append(buf []byte, feed lang.Feed) ([]byte, error) {
	var e Encoder
	e.Reset(buf)
	if err := feed(&e); err != nil {
		return nil, err
	}
	return e.Finish()
}

// EncodeGo gives a Go value as CBOR; values of types travel by their Encode.
func EncodeGo(v any, types []*lang.Type) ([]byte, error) {
	return Encode(func(s lang.Sink) error { return lang.WalkTypes(v, s, types) })
}

// ToGo makes a Go value of exactly one item, of the forms that docs/values.md lists: objects become *lang.Record, or
// map[string]any when maps is set. Byte strings and typed arrays alias raw.
func ToGo(raw []byte, maps bool, types []*lang.Type) (any, error) {
	b := lang.Builder{Alias: true, Maps: maps, Types: types}
	if err := DecodeAll(raw, &b); err != nil {
		return nil, err
	}
	return b.Value(), nil
}

// Into sets what dst points to from exactly one item, as lang.Assign does. Slices of numbers and bytes may alias raw.
// Objects that land in an any are map[string]any there. A dst, or a part of it, with a method UnmarshalCBOR gets its
// item as CBOR.
func Into(raw []byte, dst any, types []*lang.Type) error {
	if u, ok := dst.(lang.CBORDecoder); ok {
		return u.UnmarshalCBOR(raw)
	}
	v, err := ToGo(raw, false, types)
	if err != nil {
		return err
	}
	a := lang.Assigner{Maps: true, Encode: func(v any) ([]byte, error) { return EncodeGo(v, types) }}
	return a.Assign(dst, v)
}
