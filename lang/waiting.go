package lang

import "context"

// WaitingKey is the key of a func() func() in the context of a script, for Waiting.
type WaitingKey struct{}

// Waiting tells whoever runs a script, by its context, that it is about to wait for something. on tells that it goes on.
func Waiting(ctx context.Context) (on func()) {
	if begin, ok := ctx.Value(WaitingKey{}).(func() func()); ok {
		return begin()
	}
	return func() {}
}
