package api

import (
	"bytes"
	"encoding/csv"
)

// csvTable is a table on its way into CSV.
type csvTable struct {
	b bytes.Buffer
	w *csv.Writer
}

func newCSV(columns ...string) *csvTable {
	t := &csvTable{}
	t.w = csv.NewWriter(&t.b)
	t.w.Write(columns) // into memory
	return t
}

// add adds a row, each cell of which is harmless.
func (t *csvTable) add(cells ...string) {
	for i, c := range cells {
		cells[i] = harmless(c)
	}
	t.w.Write(cells)
}

func (t *csvTable) bytes() []byte {
	t.w.Flush()
	return t.b.Bytes()
}
