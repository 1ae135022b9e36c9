package api

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
)

// A code has its three corners, which are what it is found by, within a zone that is white.
func TestQR(t *testing.T) {
	q, err := newQR("https://charge.example/e/23456789ABCD")
	if err != nil {
		t.Fatal(err)
	}
	last := q.size - quiet - 1
	corner := func(x, y int) bool { // 7 by 7, with a ring that is not dark
		for i := range 7 {
			if !q.dark(x+i, y) || !q.dark(x+i, y+6) || !q.dark(x, y+i) || !q.dark(x+6, y+i) {
				return false
			}
		}
		return !q.dark(x+1, y+1) && !q.dark(x+5, y+5) && q.dark(x+3, y+3)
	}
	if !corner(quiet, quiet) || !corner(last-6, quiet) || !corner(quiet, last-6) || corner(last-6, last-6) {
		t.Error("the corners are not those of a code")
	}
	text, err := q.png()
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(text))
	if err != nil || m.Bounds().Dx() != q.size*scale {
		t.Fatalf("got %v, %v", m, err)
	}
	modules := 0
	for y := range q.size {
		for x := range q.size {
			r, _, _, _ := m.At(x*scale+scale/2, y*scale+scale/2).RGBA()
			if (r == 0) != q.dark(x, y) {
				t.Fatalf("the PNG is another code at %d, %d", x, y)
			}
			if q.dark(x, y) {
				if x < quiet || y < quiet || x > last || y > last {
					t.Fatalf("%d, %d is dark in the white zone", x, y)
				}
				modules++
			}
		}
	}
	drawn := 0
	for run := range strings.SplitSeq(string(q.svg()), "h") {
		n := 0
		for _, c := range run {
			if c < '0' || c > '9' {
				break
			}
			n = 10*n + int(c-'0')
		}
		if strings.Contains(run, "v1") {
			drawn += n
		}
	}
	if drawn != modules {
		t.Errorf("the SVG has %d dark modules, the code %d", drawn, modules)
	}
	if _, err := newQR(strings.Repeat("x", 5000)); err == nil {
		t.Error("a text that is too long has a code")
	}
}
