package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/mojukapu/mirai/lang"
)

// Version is the version of the protocol, the first byte of every frame.
const Version = 1

// Kind says what a frame is.
//
//	daemon                              host
//	  hello  --------------------------->      who I am, my token
//	  <---------------------------  welcome    you are daemon n          (or the connection is closed)
//	  <---------------------------  task       one at a time, or as many as the host likes: they run in order
//	  <---------------------------  cancel     the task of that id and attempt: drop or interrupt it
//	  result --------------------------->      exactly one for each task, in the order of the tasks
//	  output, progress, emit ----------->      any number while a task runs
//	  submit, cancel ------------------->      the task that runs submits one of its own (nested.go)
//	  <---------------------------  result     of such a one
//	  fetch ---------------------------->      a shared value that is not to be found on the daemon's machine
//	  <---------------------------  fetch      its bytes
//	  <---------------------------  forget     it is no more
//	  lend, resume --------------------->      the task waits for such ones: another may run meanwhile; it goes on
//	  <---------------------------  lent       a task for a place that is lent
//	  <---------------------------  dismiss    leave
//
// Kinds from 16 to 20 belong to internal/sp: ping, pong, bye, its answer, chunk. session.go has what becomes of a
// connection that breaks.
type Kind uint8

const (
	Hello    Kind = 0
	Welcome  Kind = 1
	Run      Kind = 2
	Done     Kind = 3
	Cancel   Kind = 4
	Setup    Kind = 5 // a task whose effects on globals stay
	Output   Kind = 6
	Progress Kind = 7
	Leave    Kind = 8
	Return   Kind = 9 // to a daemon: give back what you have not started; from it: the ids of these
	Emit     Kind = 10
	Submit   Kind = 11
	Lend     Kind = 12
	Resume   Kind = 13
	Lent     Kind = 14
	Fetch    Kind = 15 // from a daemon: the bytes of the shared value of that id; from the host: these, or none
	Forget   Kind = 24 // from the host: the shared value of that id is no more
	Ack      Kind = 25 // what came of a session (session.go); both ways
	Dismiss  Kind = 26 // to a daemon: leave, also if you would stay without a host
)

// HeaderSize is the size of the header that begins every frame: version and kind (a byte each), task id and attempt (CBOR
// unsigned integers of 8 and 4 bytes, with their heads). What follows is one CBOR item.
const HeaderSize = 16

// Header is the header of a frame. Task and Attempt are 0 where a frame concerns no task.
type Header struct {
	Kind    Kind
	Task    uint64
	Attempt uint32
}

// AppendHeader appends h to b.
func AppendHeader(b []byte, h Header) []byte {
	b = append(b, Version, byte(h.Kind), 0x1b)
	b = binary.BigEndian.AppendUint64(b, h.Task)
	b = append(b, 0x1a)
	return binary.BigEndian.AppendUint32(b, h.Attempt)
}

// SetKind changes the kind of a frame.
func SetKind(frame []byte, k Kind) { frame[1] = byte(k) }

// SetAttempt changes the attempt in a frame.
func SetAttempt(frame []byte, attempt uint32) { binary.BigEndian.PutUint32(frame[12:], attempt) }

// ParseHeader splits a frame into its header and its body.
func ParseHeader(frame []byte) (Header, []byte, error) {
	if len(frame) < HeaderSize || frame[2] != 0x1b || frame[11] != 0x1a {
		return Header{}, nil, errors.New("wire: not a frame of mirai")
	}
	if frame[0] != Version {
		return Header{}, nil, fmt.Errorf("wire: the other side speaks version %d of the protocol, this one %d: use the same release of mirai on both", frame[0], Version)
	}
	return Header{Kind(frame[1]), binary.BigEndian.Uint64(frame[3:]), binary.BigEndian.Uint32(frame[12:])}, frame[HeaderSize:], nil
}

// HelloBody is what a daemon says of itself.
type HelloBody struct {
	Token     string   `cbor:"token"`
	PID       int      `cbor:"pid"`
	Host      string   `cbor:"host"`
	Languages []string `cbor:"languages"`
	// Of a daemon that stays when its connection is lost: its name, which it made up; the session that it was in last, and
	// what it got there.
	Identity string   `cbor:"identity,omitempty"`
	Session  string   `cbor:"session,omitempty"`
	Got      *Receipt `cbor:"got,omitempty"`
}

// WelcomeBody is what the host answers.
type WelcomeBody struct {
	Daemon uint64   `cbor:"daemon"` // its number in the profile
	Stream lang.RNG `cbor:"stream"` // its random numbers, where a task brings none
	// Session is the name of the session of a daemon that stays, which the host made up. Got is what the host got of it
	// when it goes on, nil when it begins: what the daemon has of another one is of no use to anybody.
	Session string   `cbor:"session,omitempty"`
	Got     *Receipt `cbor:"got,omitempty"`
}

// AppendHello appends a hello frame.
func AppendHello(b []byte, h HelloBody) ([]byte, error) {
	return appendEnvelope(b, Header{Kind: Hello}, h)
}

// AppendWelcome appends a welcome frame.
func AppendWelcome(b []byte, w WelcomeBody) ([]byte, error) {
	return appendEnvelope(b, Header{Kind: Welcome}, w)
}

// ParseHello reads the body of a hello.
func ParseHello(body []byte) (h HelloBody, err error) {
	if err = envelope(body, &h); err == nil && h.Got != nil {
		err = h.Got.valid()
	}
	return h, err
}

// ParseWelcome reads the body of a welcome.
func ParseWelcome(body []byte) (w WelcomeBody, err error) {
	if err = envelope(body, &w); err == nil && w.Got != nil {
		err = w.Got.valid()
	}
	return w, err
}

func appendEnvelope(b []byte, h Header, v any) ([]byte, error) {
	body, err := cbor.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("wire: %w", err)
	}
	return append(AppendHeader(b, h), body...), nil
}

func envelope(body []byte, v any) error {
	if err := cbor.Unmarshal(body, v); err != nil {
		return fmt.Errorf("wire: %w", err)
	}
	return nil
}

// Binding is a name with its value, still encoded.
type Binding struct {
	Name   string
	Raw    []byte
	shared func(ref []byte) ([]byte, error)
}

// RunBody is a task as a daemon sees it. On the wire: an array of language, source, file, line, column, the six numbers
// of its random stream or none, a map of the globals and a map of the local args; then its trace context, if it has one.
type RunBody struct {
	Language string
	Source   string
	File     string
	Line     int
	Column   int
	Stream   lang.RNG // zero: the daemon's own
	Globals  []Binding
	Args     []Binding

	// Shared is Limits.Shared of the values; it is no part of the task.
	Shared func(ref []byte) ([]byte, error)
	Trace  string // W3C trace context; "" where nobody traces
}

// AppendRun appends the frame of a task, all but its bindings, which AppendBindings adds: globals, then args.
func AppendRun(b []byte, h Header, r RunBody) []byte {
	b = AppendHeader(b, h)
	b = AppendHead(b, 4, 8)
	b = AppendText(b, r.Language)
	b = AppendText(b, r.Source)
	b = AppendText(b, r.File)
	b = AppendUint(b, uint64(r.Line))
	b = AppendUint(b, uint64(r.Column))
	if r.Stream == (lang.RNG{}) {
		return AppendHead(b, 4, 0)
	}
	b = AppendHead(b, 4, uint64(len(r.Stream)))
	for _, n := range r.Stream {
		b = AppendUint(b, uint64(n))
	}
	return b
}

// AppendTrace gives the frame of a task its trace context, its last field. "" leaves the frame as it is.
func AppendTrace(frame []byte, trace string) []byte {
	if trace == "" {
		return frame
	}
	frame[HeaderSize]++ // the array has one element more
	return AppendText(frame, trace)
}

// AppendBindings appends a map of names and values. An error names the value: "globals.opts.conn: ...".
func (e *Encoder) AppendBindings(b []byte, what string, bs []lang.Binding) ([]byte, error) {
	b = AppendHead(b, 5, uint64(len(bs)))
	for _, v := range bs {
		b = AppendText(b, v.Name)
		e.Reset(b)
		err := v.Value(e)
		if err == nil {
			b, err = e.Finish()
		}
		if err != nil {
			return nil, lang.At(lang.At(err, v.Name), what)
		}
	}
	return b, nil
}

// ParseRun reads the body of a task into r, which may hold the task before: texts that are the same again, and its
// bindings, are used again. Other texts are copies, values alias body.
func ParseRun(body []byte, r *RunBody) error {
	d := Reader{B: body}
	fields := d.Array()
	if fields != 8 && fields != 9 {
		return errors.New("wire: a task has 8 fields, or 9 with its trace context")
	}
	r.Language, r.Source, r.File = d.Again(r.Language), d.Again(r.Source), d.Again(r.File)
	r.Line, r.Column = int(d.Uint()), int(d.Uint())
	r.Stream = lang.RNG{}
	for i := range min(int(d.Array()), len(r.Stream)) {
		r.Stream[i] = uint32(d.Uint())
	}
	bindings := readBindings(&d, r.Globals[:0], r.Shared)
	n := len(bindings)
	bindings = readBindings(&d, bindings, r.Shared)
	r.Globals, r.Args, r.Trace = bindings[:n], bindings[n:], ""
	if fields == 9 {
		r.Trace = d.Text()
	}
	return d.Err()
}

func readBindings(d *Reader, to []Binding, shared func([]byte) ([]byte, error)) []Binding {
	for n := d.Map(); n > 0 && d.Err() == nil; n-- {
		var last string
		if i := len(to); i < cap(to) {
			last = to[:i+1][i].Name
		}
		to = append(to, Binding{d.Again(last), d.Raw(), shared})
	}
	return to
}

// Feed drives a sink through the value of a binding.
func (b Binding) Feed(s lang.Sink) error { return decodeAll(b.Raw, s, Limits{Shared: b.shared}) }

// DecodeAll drives a sink through the one value that b is.
func DecodeAll(b []byte, s lang.Sink) error { return decodeAll(b, s, Limits{}) }

func decodeAll(b []byte, s lang.Sink, limits Limits) error {
	rest, err := Decode(b, s, limits)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("wire: %d bytes after the value", len(rest))
	}
	return err
}

// DoneBody is the outcome of a task. On the wire: an array of status, value or fault, start and duration in
// microseconds, captured output.
type DoneBody struct {
	Value   []byte // still encoded; nil when the task failed
	Fault   *Fault // nil when it did not
	Started int64  // microseconds since 1970
	Micros  int64  // how long it ran
	Output  []OutputLine
}

// OutputLine is a line that a task printed.
type OutputLine struct {
	Stream lang.Stream
	Text   string
}

// Fault is a failure as it travels.
type Fault struct {
	Kind    string          `cbor:"kind"`
	Class   string          `cbor:"class"`
	Message string          `cbor:"message"`
	Stack   []Frame         `cbor:"stack,omitempty"`
	Line    string          `cbor:"line,omitempty"`
	Fields  cbor.RawMessage `cbor:"fields,omitempty"` // own fields of the thrown object: an object
	Value   cbor.RawMessage `cbor:"value,omitempty"`  // what was thrown when it was no error object
}

// Frame is a place in a stack.
type Frame struct {
	_      struct{} `cbor:",toarray"`
	Func   string
	File   string
	Line   int
	Column int
}

const (
	statusValue = 0
	statusFault = 1
)

// AppendDone appends the frame of a result up to its value or fault, which the caller appends; AppendDoneEnd ends it.
func AppendDone(b []byte, h Header, failed bool) []byte {
	b = AppendHead(AppendHeader(b, h), 4, 5)
	if failed {
		return append(b, statusFault)
	}
	return append(b, statusValue)
}

// AppendDoneEnd appends what follows the value.
func AppendDoneEnd(b []byte, started, micros int64, out []OutputLine) []byte {
	b = AppendUint(b, uint64(started))
	b = AppendUint(b, uint64(micros))
	return appendLines(b, out)
}

// AppendReturn appends the frame that gives tasks back.
func AppendReturn(b []byte, ids []uint64) []byte { return appendIDs(b, Header{Kind: Return}, ids) }

func appendIDs(b []byte, h Header, ids []uint64) []byte {
	b = AppendHead(AppendHeader(b, h), 4, uint64(len(ids)))
	for _, id := range ids {
		b = AppendUint(b, id)
	}
	return b
}

// ParseReturn reads the body of a Return or a Lend from a daemon.
func ParseReturn(body []byte) (ids []uint64, err error) {
	d := Reader{B: body}
	for n := d.Array(); n > 0 && d.Err() == nil; n-- {
		ids = append(ids, d.Uint())
	}
	return ids, d.Err()
}

// AppendFault appends a fault.
func AppendFault(b []byte, f *Fault) ([]byte, error) {
	clean := *f
	clean.Class, clean.Message, clean.Line = utf8Text(f.Class), utf8Text(f.Message), utf8Text(f.Line)
	raw, err := cbor.Marshal(&clean)
	return append(b, raw...), err
}

// utf8Text makes a text of what a script may have put together of any bytes.
func utf8Text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// ParseDone reads the body of a result. Its value aliases body.
func ParseDone(body []byte) (r DoneBody, err error) {
	d := Reader{B: body}
	if d.Array() != 5 {
		return r, errors.New("wire: a result has 5 fields")
	}
	status, raw := d.Uint(), d.Raw()
	r.Started, r.Micros = int64(d.Uint()), int64(d.Uint())
	r.Output = readLines(&d)
	if d.Err() != nil {
		return r, d.Err()
	}
	if status == statusValue {
		r.Value = raw
		return r, nil
	}
	r.Fault = new(Fault)
	return r, envelope(raw, r.Fault)
}
