package wire

import (
	"testing"

	"github.com/mojukapu/mirai/lang"
)

func seed(f *testing.F) {
	for _, v := range vectors {
		f.Add(unhex(f, v.hex))
	}
	for _, v := range oneOfEach() {
		raw, err := EncodeGo([]any{v, nest(v, 1), v}, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
}

// FuzzDecode checks that nothing breaks Decode, and that it takes nothing that the library says is malformed.
func FuzzDecode(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var b lang.Builder
		rest, err := Decode(raw, &b, Limits{})
		n, skipErr := Skip(raw)
		if err == nil && (skipErr != nil || n != len(raw)-len(rest)) {
			t.Fatalf("Decode reads %d bytes, Skip %d, %v", len(raw)-len(rest), n, skipErr)
		}
		if skipErr == nil {
			if err := cborWellformed(raw[:n]); err != nil {
				t.Fatalf("Skip takes %x, the library says %v", raw[:n], err)
			}
		} else if cborWellformed(raw) == nil {
			t.Fatalf("Skip says %v, the library takes it", skipErr)
		}
		var v any
		_ = Into(raw, &v, nil)
	})
}

// FuzzRoundTrip checks that what Decode takes survives the Encoder, and so does the Go value that it is.
func FuzzRoundTrip(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		want, err := events(raw)
		if err != nil {
			return
		}
		again, err := recode(raw)
		if err != nil {
			if _, ok := err.(*lang.Refused); ok {
				return // of a name that is taken
			}
			t.Fatalf("%s cannot be encoded: %v", want, err)
		}
		if got := mustEvents(t, again); got != want {
			t.Fatalf("%s comes back as %s", want, got)
		}
		v, err := ToGo(raw, false, nil)
		if err != nil {
			t.Fatalf("ToGo(%s): %v", want, err)
		}
		if raw, err = EncodeGo(v, nil); err != nil {
			t.Fatalf("EncodeGo(%s): %v", want, err)
		}
		w, err := ToGo(raw, false, nil)
		if err != nil {
			t.Fatalf("ToGo(%s) a second time: %v", want, err)
		}
		if second, err := EncodeGo(w, nil); err != nil || string(second) != string(raw) {
			t.Fatalf("%s is %x and then %x, %v", want, raw, second, err)
		}
	})
}
