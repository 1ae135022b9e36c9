package ocppj

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
		c.limit()
		return c.list, nil
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, notJSON(err)
	}
	c.walk(tree, reflect.TypeOf(m).Elem(), "")
	c.limit()
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

// few is how many properties are looked for from the start of the text.
const few = 8

// settle looks in the text for the required properties that have their zero value, and drops the
// violation where they are there. Without a text they are: we always write them. Where something is
// missing, only the outermost thing that is missing is told, and nothing of what would be in it.
func (c *Check) settle(text []byte) {
	if len(c.list) == 0 {
		return
	}
	var missing []string
	var gone, misread paths
	var f *finder
	for i, v := range c.list {
		if v.Code != OccurrenceConstraintViolation || text == nil || i < few && there(text, v.Path) {
			continue
		}
		if f == nil {
			f = newFinder(text)
		}
		path, found := f.find(v.Path)
		if found || gone.hold(path) {
			continue
		}
		if gone == nil {
			gone, misread = paths{}, c.misread()
		}
		if !misread.hold(path) {
			gone[path] = true
			missing = append(missing, path)
		}
	}
	c.list = slices.DeleteFunc(c.list, func(v Violation) bool { return v.zero || gone.hold(v.Path) })
	for _, path := range missing {
		c.Missing(path)
	}
}

// misread are the properties of the wrong type: what would be in them is not missing.
func (c *Check) misread() paths {
	p := paths{}
	for _, v := range c.list {
		if v.Code == TypeConstraintViolation {
			p[v.Path] = true
		}
	}
	return p
}

// paths is a set of paths.
type paths map[string]bool

// hold tells whether path, or that of something around it, is in the set.
func (p paths) hold(path string) bool {
	if len(p) == 0 {
		return false
	}
	for i := range len(path) {
		if (path[i] == '.' || path[i] == '[') && p[path[:i]] {
			return true
		}
	}
	return p[path]
}

// there tells whether something stands in the text at a path like "meterValue[0].timestamp"; null
// says no more than nothing.
func there(text []byte, path string) bool {
	steps := make([]any, 0, 8)
	for at := 0; at < len(path); {
		key, i, end := step(path, at)
		if key == "" {
			steps = append(steps, i)
		} else {
			steps = append(steps, key)
		}
		at = end
	}
	node, err := sonic.Get(text, steps...)
	return err == nil && node.TypeSafe() != ast.V_NULL
}

// step reads the step of path that begins at at: a key or, where that is empty, an index.
func step(path string, at int) (key string, index, end int) {
	if path[at] == '[' {
		end = at + strings.IndexByte(path[at:], ']')
		index, _ = strconv.Atoi(path[at+1 : end])
		return "", index, end + 1
	}
	if path[at] == '.' {
		at++
	}
	end = len(path)
	if n := strings.IndexAny(path[at:], ".["); n >= 0 {
		end = at + n
	}
	return path[at:end], 0, end
}

// finder looks for many paths in a text. It goes on from where it was, so that those of all the
// elements of an array cost one reading of the text, if they come in order.
type finder struct {
	path string  // the last one
	way  []place // to it
}

// place is how far a path has been followed.
type place struct {
	end  int // in the path
	node *ast.Node
}

func newFinder(text []byte) *finder {
	root, _ := sonic.Get(text) // of what cannot be read, nothing is there
	return &finder{way: []place{{0, &root}}}
}

// find tells whether something stands at path. Where nothing does, it returns the outermost part of
// the path that is missing.
func (f *finder) find(path string) (string, bool) {
	n := 1
	for n < len(f.way) && within(path, f.path[:f.way[n].end]) {
		n++
	}
	f.way, f.path = f.way[:n], path
	p := f.way[n-1]
	for p.end < len(path) && p.here() {
		p = p.follow(path)
		f.way = append(f.way, p)
	}
	if p.end == 0 {
		return path, false
	}
	return path[:p.end], p.here()
}

func (p place) here() bool { return p.node.Exists() && p.node.TypeSafe() != ast.V_NULL }

func (p place) follow(path string) place {
	key, i, end := step(path, p.end)
	switch {
	case key != "":
		return place{end, p.node.Get(key)}
	case p.node.TypeSafe() == ast.V_ARRAY:
		return place{end, p.node.Index(i)}
	}
	return place{end, nil}
}

// within tells whether path is that of outer or of something in it.
func within(path, outer string) bool {
	rest, below := strings.CutPrefix(path, outer)
	return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// maxInArrays is how many violations are told of what is in arrays. Elsewhere a message has no more
// than its type has properties.
const maxInArrays = 100

// limit leaves out what would be too much to tell. One that is as grave as the gravest of those left
// out stands for them, so that no message is taken for better than it is.
func (c *Check) limit() {
	told := 0
	var rest []Violation
	c.list = slices.DeleteFunc(c.list, func(v Violation) bool {
		if !strings.Contains(v.Path, "[") {
			return false
		}
		if told++; told > maxInArrays {
			rest = append(rest, v)
		}
		return told > maxInArrays
	})
	if len(rest) > 0 {
		path, _, _ := strings.Cut(rest[0].Path, "[")
		c.add(worst(rest).Code, path, "breaks the rules in %d more places", len(rest))
	}
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
		for _, key := range slices.Sorted(maps.Keys(value)) {
			child := value[key]
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
