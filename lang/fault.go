package lang

// Fault is the error of code that wrote to shared memory, which cannot be changed, by the panic that this is where
// debug.SetPanicOnFault is set; nil for any other panic.
func Fault(p any) *Error {
	if _, ok := p.(interface{ Addr() uintptr }); !ok {
		return nil
	}
	return &Error{Class: "TypeError", Message: "a shared value cannot be changed: work on a copy, in JavaScript x.slice() (or it was closed while this task used it)"}
}
