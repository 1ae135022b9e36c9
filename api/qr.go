package api

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is how many modules are left white around a QR code, without which it is not found.
const quiet = 4

// qrCode is a QR code as its modules, each of which is dark or not; the quiet zone is part of it.
type qrCode struct {
	size int
	dark func(x, y int) bool
}

// newQR makes a QR code of a text, of which a seventh may be dirty or torn.
func newQR(text string) (qrCode, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return qrCode{}, fmt.Errorf("making a QR code: %w", err)
	}
	side := code.Bounds().Dx()
	return qrCode{side + 2*quiet, func(x, y int) bool {
		x, y = x-quiet, y-quiet
		if x < 0 || y < 0 || x >= side || y >= side {
			return false
		}
		return color.GrayModel.Convert(code.At(x, y)).(color.Gray).Y < 128
	}}, nil
}

// svg is the code as an image of one path, which is sharp at any size.
func (q qrCode) svg() []byte {
	var path strings.Builder
	for y := range q.size {
		for x := 0; x < q.size; x++ {
			run := 0
			for q.dark(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x, y, run, run)
				x += run
			}
		}
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><rect width="%d" height="%d" fill="#fff"/><path d="%s"/></svg>`,
		q.size, q.size, q.size, q.size, path.String())
}

// scale is how many pixels of a PNG are the side of a module.
const scale = 10

func (q qrCode) png() ([]byte, error) {
	m := image.NewPaletted(image.Rect(0, 0, q.size*scale, q.size*scale), color.Palette{color.White, color.Black})
	for y := range q.size * scale {
		for x := range q.size * scale {
			if q.dark(x/scale, y/scale) {
				m.SetColorIndex(x, y, 1)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return nil, fmt.Errorf("making a PNG: %w", err)
	}
	return b.Bytes(), nil
}
