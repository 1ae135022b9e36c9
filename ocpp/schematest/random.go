package schematest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Random makes a value that the schema accepts.
func (s *Schema) Random(r *rand.Rand) any { return s.random(r, s.root, 0) }

func (s *Schema) random(r *rand.Rand, n node, depth int) any {
	n = s.resolve(n)
	if list := n.enum(); list != nil {
		return list[r.IntN(len(list))]
	}
	switch n.text("type") {
	case "object":
		return s.object(r, n, depth)
	case "array":
		return s.array(r, n, depth)
	case "string":
		return randomString(r, n)
	case "integer":
		return randomInteger(r, n)
	case "number":
		return randomNumber(r, n)
	case "boolean":
		return r.IntN(2) == 0
	}
	return anything(r, 2)
}

func (s *Schema) object(r *rand.Rand, n node, depth int) any {
	object := map[string]any{}
	required := n.required()
	properties, _ := n["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if required[name] || chance(r, depth) {
			p, _ := s.property(n, name)
			object[name] = s.random(r, p, depth+1)
		}
	}
	if n.open() {
		for i := range r.IntN(3) {
			object["more"+strconv.Itoa(i)] = anything(r, 2)
		}
	}
	return object
}

// chance decides on optional properties: fewer of them further inside, so that values stay small.
func chance(r *rand.Rand, depth int) bool {
	switch {
	case depth < 2:
		return r.IntN(10) < 6
	case depth < 8:
		return r.IntN(10) < 2
	}
	return false
}

func (s *Schema) array(r *rand.Rand, n node, depth int) any {
	low := n.count("minItems", 0)
	high := n.count("maxItems", low+3)
	size := low + r.IntN(min(high-low, 3)+1)
	if high <= 20 && r.IntN(20) == 0 {
		size = high
	}
	list := make([]any, size)
	for i := range list {
		list[i] = s.random(r, s.items(n), depth+1)
	}
	return list
}

func randomString(r *rand.Rand, n node) any {
	switch n.text("format") {
	case "date-time":
		return dateTime(r)
	case "uri":
		return uris[r.IntN(len(uris))]
	}
	low := n.count("minLength", 0)
	high := n.count("maxLength", low+60)
	size := low + r.IntN(min(high-low, 12)+1)
	if r.IntN(20) == 0 {
		size = high
	}
	return word(r, size)
}

const (
	plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/ "
	wide  = "åäöß€漢字🔌\"\\<>&'\n\t\u2028\x7f"
)

// word is a string of so many characters.
func word(r *rand.Rand, size int) string {
	alphabet := []rune(plain)
	if r.IntN(4) == 0 {
		alphabet = []rune(plain + wide)
	}
	runes := make([]rune, size)
	for i := range runes {
		runes[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(runes)
}

var uris = []string{
	"https://example.com/firmware/1.2.bin",
	"ftp://user:secret@192.0.2.1:2121/a%20b",
	"http://localhost?x=1&y=2#z",
	"sftp://example.com",
	"urn:example:a",
	"file:///tmp/x",
}

func dateTime(r *rand.Rand) string {
	at := time.Unix(r.Int64N(4102444800), 0).UTC()
	text := at.Format("2006-01-02T15:04:05")
	if digits := r.IntN(10); digits > 0 && r.IntN(2) == 0 {
		text += fmt.Sprintf(".%09d", r.IntN(1e9))[:digits+1]
	}
	if r.IntN(3) == 0 {
		return text + fmt.Sprintf("%c%02d:%02d", "+-"[r.IntN(2)], r.IntN(15), r.IntN(60))
	}
	return text + "Z"
}

func randomInteger(r *rand.Rand, n node) any {
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	if x, ok := n.limit("minimum"); ok {
		low = rational(x).Num().Int64()
	}
	if x, ok := n.limit("maximum"); ok {
		high = rational(x).Num().Int64()
	}
	var i int64
	switch r.IntN(8) {
	case 0:
		i = low
	case 1:
		i = high
	case 2, 3:
		i = r.Int64N(2e9) - 1e9
	default:
		i = r.Int64N(21) - 10
	}
	return json.Number(strconv.FormatInt(min(max(i, low), high), 10))
}

// randomNumber is a number with few decimals, exact in text.
func randomNumber(r *rand.Rand, n node) any {
	unit := big.NewRat(1, 1)
	digits := 0
	if x, ok := n.limit("multipleOf"); ok {
		unit, digits = rational(x), decimals(x)
	} else {
		for digits = r.IntN(5); unit.Denom().Int64() < int64(math.Pow10(digits)); {
			unit.Mul(unit, big.NewRat(1, 10))
		}
	}
	low, high := big.NewRat(-1e6, 1), big.NewRat(1e6, 1)
	if x, ok := n.limit("minimum"); ok {
		low = rational(x)
		high.Add(low, high)
	}
	if x, ok := n.limit("maximum"); ok {
		high = rational(x)
		if _, ok := n.limit("minimum"); !ok {
			low.Add(high, low)
		}
	}
	// Every number from low is a whole number of units away from it, but a multiple of the
	// unit only if low is one; all limits of OCPP are.
	steps := new(big.Rat).Quo(new(big.Rat).Sub(high, low), unit)
	most := new(big.Int).Quo(steps.Num(), steps.Denom()).Int64()
	count := r.Int64N(most + 1)
	switch {
	case r.IntN(10) == 0:
		count = 0
	case r.IntN(10) == 0:
		count = most
	case r.IntN(3) == 0:
		count = r.Int64N(min(most, 500) + 1)
	}
	x := new(big.Rat).Mul(unit, new(big.Rat).SetInt64(count))
	return json.Number(x.Add(x, low).FloatString(digits))
}

func rational(x json.Number) *big.Rat {
	y, ok := new(big.Rat).SetString(string(x))
	if !ok {
		panic("schematest: " + string(x) + " is no number")
	}
	return y
}

// decimals is the number of digits behind the point.
func decimals(x json.Number) int {
	text := rational(x).FloatString(9)
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	return len(text) - 1 - slices.Index([]byte(text), '.')
}

// anything is some JSON value, of so many levels.
func anything(r *rand.Rand, depth int) any {
	kinds := 4
	if depth > 0 {
		kinds = 6
	}
	switch r.IntN(kinds) {
	case 0:
		return word(r, r.IntN(10))
	case 1:
		return json.Number(strconv.Itoa(r.IntN(2000) - 1000))
	case 2:
		return json.Number("1.25")
	case 3:
		return r.IntN(2) == 0
	case 4:
		return map[string]any{"a": anything(r, depth-1), "b": anything(r, depth-1)}
	}
	return []any{anything(r, depth-1)}
}

func length(s string) int { return utf8.RuneCountInString(s) }
