package lang

// Walk drives s through a Go value.
func Walk(v any, s Sink) error { return nil }

// Assign sets what dst points to from a Go value as Builder makes them.
func Assign(dst, v any) error { return nil }
