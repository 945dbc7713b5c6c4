package wire

import "github.com/mojukapu/mirai/lang"

// ProgressBody is how far a task says it is. On the wire: an array of the three.
type ProgressBody struct {
	Done, Total float64 // Total is 0 where it is not known
	Text        string
}

// AppendOutput appends the frame of what a task printed while it runs.
func AppendOutput(b []byte, h Header, out []OutputLine) []byte {
	h.Kind = Output
	return appendLines(AppendHeader(b, h), out)
}

func appendLines(b []byte, out []OutputLine) []byte {
	b = AppendHead(b, 4, uint64(2*len(out)))
	for _, l := range out {
		b = AppendText(AppendUint(b, uint64(l.Stream)), l.Text)
	}
	return b
}

// ParseOutput reads the body of an Output.
func ParseOutput(body []byte) ([]OutputLine, error) {
	d := Reader{B: body}
	return readLines(&d), d.Err()
}

func readLines(d *Reader) (out []OutputLine) {
	for n := d.Array(); n > 1 && d.Err() == nil; n -= 2 {
		out = append(out, OutputLine{lang.Stream(d.Uint()), d.Text()})
	}
	return out
}

// AppendProgress appends the frame of a progress report.
func AppendProgress(b []byte, h Header, p ProgressBody) ([]byte, error) {
	h.Kind = Progress
	return appendEnvelope(b, h, []any{p.Done, p.Total, utf8Text(p.Text)})
}

// ParseProgress reads the body of a Progress.
func ParseProgress(body []byte) (p ProgressBody, err error) {
	var a struct {
		_           struct{} `cbor:",toarray"`
		Done, Total float64
		Text        string
	}
	err = envelope(body, &a)
	return ProgressBody{a.Done, a.Total, a.Text}, err
}

// AppendEmit begins the frame of a partial result: one value follows.
func AppendEmit(b []byte, h Header) []byte {
	h.Kind = Emit
	return AppendHeader(b, h)
}
