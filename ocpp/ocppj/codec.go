package ocppj

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/ast"
)

// Mode is how strictly messages of the peer are read.
type Mode uint8

// The modes of reading. In both, every violation is found that the mode looks for.
const (
	Tolerant Mode = iota // unknown properties and nulls are passed over
	Strict               // they are violations
)

// Marshal encodes a message.
func Marshal(m any) (json.RawMessage, error) { return sonic.Marshal(m) }

// Decode reads the payload data into m, a pointer to a message, and finds what is wrong with it
// in version v. All that can be read is read: a property of the wrong type is left out, and is a
// violation. The error is for what is no JSON object at all.
func Decode(data json.RawMessage, m Checked, v Version, mode Mode) ([]Violation, *Error) {
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, Errorf(FormatViolation, "the payload is not an object")
	}
	c := &Check{Version: v}
	if err := sonic.Unmarshal(data, m); err != nil {
		if err := c.salvage(data, m); err != nil {
			return nil, err
		}
	}
	m.Check(c)
	c.settle(data)
	if mode == Tolerant {
		return c.list, nil
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, notJSON(err)
	}
	c.walk(tree, reflect.TypeOf(m).Elem(), "")
	return c.list, nil
}

// Judge finds what is wrong with a message of our own before it is sent in version v.
func Judge(m Checked, v Version) []Violation {
	c := &Check{Version: v}
	m.Check(c)
	c.settle(nil)
	return c.list
}

func notJSON(err error) *Error {
	return Errorf(FormatViolation, "the payload is not valid JSON: %v", err)
}

// salvage reads what can be read of data, by the slower decoder, which goes on behind a value of
// the wrong type and can tell where that stands.
func (c *Check) salvage(data []byte, m Checked) *Error {
	reflect.ValueOf(m).Elem().SetZero()
	err := json.Unmarshal(data, m)
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return notJSON(err)
	}
	c.add(TypeConstraintViolation, wrong.Field, "a %s is not what is expected", wrong.Value)
	return nil
}

// settle looks in the text for the required properties that have their zero value, and drops the
// violation where they are there. Without a text they are: we always write them. Where something is
// missing, only the outermost thing that is missing is told, and nothing of what would be in it.
func (c *Check) settle(text []byte) {
	var missing []string
	for _, v := range c.list {
		if v.Code != OccurrenceConstraintViolation || text == nil {
			continue
		}
		path, found := lookUp(text, v.Path)
		misread := func(other Violation) bool { return other.Code == TypeConstraintViolation && within(path, other.Path) }
		if !found && !slices.Contains(missing, path) && !slices.ContainsFunc(c.list, misread) {
			missing = append(missing, path)
		}
	}
	c.list = slices.DeleteFunc(c.list, func(v Violation) bool {
		return v.zero || slices.ContainsFunc(missing, func(path string) bool { return within(v.Path, path) })
	})
	for _, path := range missing {
		c.Missing(path)
	}
}

// within tells whether path is that of outer or of something in it.
func within(path, outer string) bool {
	rest, below := strings.CutPrefix(path, outer)
	return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// lookUp looks for a path like "meterValue[0].timestamp" in a text. Where it is not there, the
// outermost missing part of it is returned.
func lookUp(text []byte, path string) (string, bool) {
	steps := make([]any, 0, 8)
	ends := make([]int, 0, 8) // of the steps within path
	for at := 0; at < len(path); {
		switch path[at] {
		case '[':
			end := at + strings.IndexByte(path[at:], ']')
			i, _ := strconv.Atoi(path[at+1 : end])
			steps, at = append(steps, i), end+1
		case '.':
			at++
			continue
		default:
			end := strings.IndexAny(path[at:], ".[")
			if end < 0 {
				end = len(path) - at
			}
			steps, at = append(steps, path[at:at+end]), at+end
		}
		ends = append(ends, at)
	}
	if there(text, steps) {
		return path, true
	}
	for n := range steps {
		if !there(text, steps[:n+1]) {
			return path[:ends[n]], false
		}
	}
	return path, true
}

// there tells whether something stands at the end of the steps; null says no more than nothing.
func there(text []byte, steps []any) bool {
	node, err := sonic.Get(text, steps...)
	return err == nil && node.TypeSafe() != ast.V_NULL
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// enum is a string type with a fixed set of values.
type enum interface{ Valid(Version) bool }

// walk compares the text with the Go type that it was read into, and finds unknown properties,
// nulls, and what lenient types have let pass.
func (c *Check) walk(tree any, t reflect.Type, path string) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if tree == nil {
		c.add(TypeConstraintViolation, path, "is null")
		return
	}
	switch value := tree.(type) {
	case map[string]any:
		if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(unmarshaler) {
			return
		}
		for key, child := range value {
			at := key
			if path != "" {
				at = path + "." + key
			}
			if f, ok := property(t, key); ok {
				c.walk(child, f.Type, at)
			} else {
				c.add(OccurrenceConstraintViolation, at, "is not a property of this message")
			}
		}
	case []any:
		if t.Kind() == reflect.Slice && !reflect.PointerTo(t).Implements(unmarshaler) {
			for i, child := range value {
				c.walk(child, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case json.Number:
		if t.Kind() == reflect.String {
			c.add(TypeConstraintViolation, path, "a number is not what is expected")
		}
	case string:
		if e, ok := reflect.Zero(t).Interface().(enum); ok && value == "" && !e.Valid(c.Version) {
			c.Enum(path, "", false)
		}
	}
}

// property is the field of struct type t that the JSON key names, letter by letter.
func property(t reflect.Type, key string) (reflect.StructField, bool) {
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// CustomData is the extension that OCPP 2.x allows in every object: any JSON object with a vendorId.
type CustomData struct {
	VendorID string
	Raw      json.RawMessage // the whole object

	wrong bool // it is no object, or its vendorId is no string
}

// UnmarshalJSON keeps what it reads as it is, and leaves it to Check to tell what is wrong.
func (d *CustomData) UnmarshalJSON(data []byte) error {
	*d = CustomData{Raw: bytes.Clone(data)}
	var known struct {
		VendorID json.RawMessage `json:"vendorId"`
	}
	d.wrong = json.Unmarshal(data, &known) != nil
	if known.VendorID != nil {
		d.wrong = json.Unmarshal(known.VendorID, &d.VendorID) != nil || known.VendorID[0] != '"'
	}
	return nil
}

// MarshalJSON writes the object as it was read.
func (d CustomData) MarshalJSON() ([]byte, error) {
	if len(d.Raw) > 0 {
		return d.Raw, nil
	}
	return json.Marshal(map[string]string{"vendorId": d.VendorID})
}

// Check wants a vendorId of at most 255 characters.
func (d *CustomData) Check(c *Check) {
	if d.wrong {
		c.add(TypeConstraintViolation, "", "is not an object with a text as its vendorId")
		return
	}
	c.Required("vendorId", d.VendorID == "")
	c.MaxLength("vendorId", d.VendorID, 255)
}
