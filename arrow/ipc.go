package arrow

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/mojukapu/mirai/lang"
)

// arrived is a table that came as bytes: it is sent on as such.
type arrived struct {
	arrow.Table
	file lang.Buffer
}

// encode gives what travels in place of a table: a file of Arrow, as an ArrayBuffer, since those are aligned on the wire.
func encode(t arrow.Table) (any, error) {
	if a, ok := t.(*arrived); ok {
		return a.file, nil
	}
	var b bytes.Buffer
	b.Grow(sizeOf(t))
	w, err := ipc.NewFileWriter(&b, ipc.WithSchema(t.Schema()))
	if err != nil {
		return nil, err
	}
	r := array.NewTableReader(t, -1)
	defer r.Release()
	for r.Next() {
		if err := w.Write(r.RecordBatch()); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(r.Err(), w.Close()); err != nil {
		return nil, err
	}
	return lang.Buffer(b.Bytes()), nil
}

// sizeOf is about what a table takes as a file.
func sizeOf(t arrow.Table) int {
	n := 4096
	for i := range int(t.NumCols()) {
		for _, c := range t.Column(i).Data().Chunks() {
			n += int(c.Data().SizeInBytes()) + 256
		}
	}
	return n
}

// decode is the opposite of encode. The table's columns are the bytes of v, where these are aligned.
func decode(v any) (t any, err error) {
	defer broken(&err)
	b, ok := v.(lang.Buffer)
	if !ok {
		return nil, fmt.Errorf("a table is an ArrayBuffer with a file of Arrow, this is a %T", v)
	}
	f, err := open(b)
	if err != nil {
		return nil, err
	}
	var pieces []arrow.RecordBatch
	for i := range f.NumRecords() {
		piece, err := f.RecordBatchAt(i)
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, piece)
	}
	return &arrived{array.NewTableFromRecords(f.Schema(), pieces), b}, nil
}

// open reads a file of Arrow where it lies. The reader that does so has no place for dictionaries (arrow-go v18.8.0: it
// writes to a nil map): a file with some is copied.
func open(b []byte) (f *ipc.FileReader, err error) {
	defer func() {
		if recover() != nil {
			f, err = ipc.NewFileReader(bytes.NewReader(b))
		}
	}()
	return ipc.NewMappedFileReader(aligned(b))
}
