package lang

import (
	"fmt"
	"math/big"
	"reflect"
	"strconv"
)

// misfit says that v does not go into dst.
func misfit(dst reflect.Value, v any) error {
	return Refuse("cannot put %s into %s", describe(v), dst.Type())
}

// describe shows a value in a message, shortened.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		if len(v) > 40 {
			return strconv.Quote(v[:40]) + "... (string)"
		}
		return strconv.Quote(v) + " (string)"
	case bool:
		return fmt.Sprintf("%t (boolean)", v)
	case int64, float64:
		return fmt.Sprintf("%v (number)", v)
	case *big.Int:
		return fmt.Sprintf("%v (big integer)", v)
	}
	if name, ok := kindOf(v); ok {
		return "a " + name
	}
	return fmt.Sprintf("a %T", v)
}

// kindOf names the kinds that are not shown by their value.
func kindOf(v any) (string, bool) {
	switch v.(type) {
	case Undefined:
		return "value that is undefined", true
	case []any:
		return "list", true
	case *Record, map[string]any:
		return "object", true
	case *PairTable:
		return "table", true
	case *PairMap:
		return "Map", true
	case *ValueSet:
		return "Set", true
	case []byte:
		return "byte string", true
	case *Function:
		return "function", true
	case *Error:
		return "error", true
	}
	return "", false
}
