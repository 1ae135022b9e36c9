package fault

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

//go:generate go run ./gen

// Catalogue knows what faults mean. What comes with the program never changes; what operators add and
// change is laid over it at any time. It may be used from several goroutines.
type Catalogue struct {
	sources []Source
	built   []record // as the program has them, in the order of the files
	pure    *view    // made of those alone; nil until they were read
	now     atomic.Pointer[view]
}

// Source is where codes come from.
type Source struct {
	ID      string   `json:"source"`
	Name    string   `json:"name"`              // in English
	Vendors []string `json:"vendors,omitempty"` // ids of vendors, and makers, whose codes they are, as [sourceOf] writes them; a * stands for any characters
}

// record is an entry as a file has it.
type record struct {
	key     Key
	Code    string   `json:"code"`
	Aliases []string `json:"aliases,omitempty"` // other words for it; a * stands for any characters but a slash
	Free    bool     `json:"free,omitempty"`    // it means this whoever's code it is said to be
	Change
}

//go:embed catalogue/*.json
var catalogueFiles embed.FS

// LoadCatalogue reads the catalogue that comes with the program.
func LoadCatalogue() (*Catalogue, error) { return readCatalogue(catalogueFiles) }

func readCatalogue(files fs.FS) (*Catalogue, error) {
	c := &Catalogue{}
	names, err := fs.Glob(files, "catalogue/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := c.read(files, name); err != nil {
			return nil, fmt.Errorf("reading the catalogue of faults, %s: %w", path.Base(name), err)
		}
	}
	if err := c.Use(nil); err != nil {
		return nil, fmt.Errorf("reading the catalogue of faults: %w", err)
	}
	c.pure = c.now.Load()
	return c, nil
}

func (c *Catalogue) read(files fs.FS, name string) error {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	var file struct {
		Source
		Entries []record `json:"entries"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more behind its end")
	}
	if file.ID == "" || file.ID != sourceOf(file.ID) || file.Name == "" || len(file.Entries) == 0 {
		return fmt.Errorf("source %q needs an id in small letters, a name and entries", file.ID)
	}
	if slices.ContainsFunc(c.sources, func(s Source) bool { return s.ID == file.ID }) {
		return fmt.Errorf("source %q has another file", file.ID)
	}
	for _, r := range file.Entries {
		r.key = Key{file.ID, r.Code}
		if r.Code == "" || r.Code != codeOf(r.Code) {
			return fmt.Errorf("%q is no code", r.Code)
		}
		if err := r.whole(); err != nil {
			return fmt.Errorf("%s: %w", r.key, err)
		}
		c.built = append(c.built, r)
	}
	c.sources = append(c.sources, file.Source)
	return nil
}

// Sources lists where the codes come from that the program knows.
func (c *Catalogue) Sources() []Source { return slices.Clone(c.sources) }

// KeyOf is the key of what a station told of. The maker is what the station said at boot; raw.Code is its word
// of OCPP 1.6, raw.Component and raw.Variable those of 2.x, and raw.VendorCode the vendor's one code or the
// technical code of 2.x. A vendor's code says more than the word of OCPP beside it, and is the key even where
// nobody knows it: [Catalogue.Find] then goes by the word of OCPP.
func (c *Catalogue) KeyOf(maker string, raw Raw) Key {
	v := c.now.Load()
	code := codeOf(raw.VendorCode)
	sources := make([]string, 0, 2) // the first is the one that it is said to be of
	for _, s := range []string{raw.VendorID, maker} {
		if s := c.source(s); s != "" {
			sources = append(sources, s)
		}
	}
	natives := nativesOf(raw)
	for _, text := range []string{code, codeOf(raw.Info)} { // some say in words what others have codes for
		for _, s := range sources {
			if k, ok := v.known(Key{s, text}); ok && text != "" && !v.hides(k, natives) {
				return k
			}
		}
	}
	if !nothing(code) {
		if k, ok := v.free[fold(code)]; ok {
			return v.entries[k].Key
		}
		if len(sources) == 0 && raw.Component == "" {
			sources = []string{"unknown"}
		}
		if len(sources) > 0 && (raw.Component == "" || raw.VendorID != "") {
			return Key{sources[0], code}
		}
	}
	for _, k := range natives {
		if k, ok := v.known(k); ok {
			return k
		}
	}
	if len(natives) > 0 {
		return natives[len(natives)-1]
	}
	return Key{Own, "FaultedWithoutCode"}
}

// Find is what is known of a fault, for which raw is what a station sent, if it was one. It never fails: of a
// code that nobody knows it says what the word of OCPP beside it means, or what holds for any fault.
func (c *Catalogue) Find(k Key, raw Raw) Entry {
	v := c.now.Load()
	if known, ok := v.known(k); ok {
		return v.entries[known.fold()]
	}
	as := func(found Key, known bool) Entry {
		e := v.entries[found.fold()]
		e.Key, e.Known, e.Like, e.Overridden = k, known, e.Key, false
		return e
	}
	var close []Key // what it may be like, the closest first
	switch k.Source {
	case Own:
		head, _, _ := strings.Cut(k.Code, ".")
		if found, ok := v.known(Key{Own, head}); ok {
			return as(found, true)
		}
	case RPC:
		close = []Key{{Own, "CommandFailed"}}
	case Stop:
		close = []Key{{Stop, "Other"}}
	case Security:
	default:
		if found, ok := v.free[fold(k.Code)]; ok {
			return as(found, true)
		}
		close = append(nativesOf(raw), k.anyComponent())
	}
	for _, native := range close {
		if found, ok := v.known(native); ok && !v.entries[found.fold()].NoFault {
			return as(found, false)
		}
	}
	e := as(Key{Own, "Unknown"}, false)
	e.Like = Key{}
	return e
}

// hides tells whether a vendor's code says that nothing is wrong where a word of OCPP names a fault.
func (v *view) hides(k Key, natives []Key) bool {
	return v.entries[k.fold()].NoFault && slices.ContainsFunc(natives, func(n Key) bool {
		n, ok := v.known(n)
		return ok && !v.entries[n.fold()].NoFault && n != Key{OCPP16, "OtherError"}
	})
}

// source is the id of the source that a vendor's id or a maker's name stands for. A station cannot speak for
// sources that are no vendors.
func (c *Catalogue) source(vendor string) string {
	id := sourceOf(vendor)
	if id == "" {
		return ""
	}
	for _, s := range c.sources {
		if slices.ContainsFunc(s.Vendors, func(pattern string) bool { return matches(pattern, id) }) {
			return s.ID
		}
	}
	if slices.ContainsFunc(c.sources, func(s Source) bool { return s.ID == id }) {
		return "vendor-" + id
	}
	return id
}

// nativesOf are the words of OCPP that a station used, the closest first.
func nativesOf(raw Raw) (list []Key) {
	component, variable := codeOf(raw.Component), codeOf(raw.Variable)
	if component != "" && variable != "" {
		code := component + "." + variable
		if value := codeOf(raw.Value); value != "" {
			list = append(list, Key{OCPP2, codeOf(code + "=" + value)})
		}
		list = append(list, Key{OCPP2, codeOf(code)})
	}
	if code := codeOf(raw.Code); code != "" {
		list = append(list, Key{OCPP16, code})
	}
	return list
}

// anyComponent is the key of what a variable of OCPP 2.x means whatever it is of.
func (k Key) anyComponent() Key {
	i := strings.LastIndexByte(k.Code, '.')
	if k.Source != OCPP2 || i < 0 {
		return Key{}
	}
	return Key{OCPP2, "*" + k.Code[i:]}
}

// fold makes the same of keys that differ in case, spaces and underscores only.
func (k Key) fold() Key { return Key{strings.ToLower(k.Source), fold(k.Code)} }

func fold(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "_", "").Replace(code))
}

const (
	maxSource = 60
	maxCode   = 100
)

// codeOf is a code without what does no good on a screen or in an address, and of a length that can be kept.
func codeOf(s string) string {
	if len(s) > 8*maxCode {
		s = s[:8*maxCode]
	}
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "�"), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if utf8.RuneCountInString(s) > maxCode {
		s = strings.TrimSpace(string([]rune(s)[:maxCode]))
	}
	return s
}

// sourceOf writes a vendor's id or a maker's name as the id of a source: small letters, digits, dots and hyphens.
func sourceOf(s string) string {
	s = strings.ToLower(codeOf(s))
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	words := strings.FieldsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.'
	})
	s = strings.Join(words, "-")
	return strings.Trim(s[:min(len(s), maxSource)], "-.")
}

// nothing tells whether a vendor's code is one of those that say that there is none.
func nothing(code string) bool {
	switch fold(code) {
	case "", "0", "00", "000", "0000", "null", "nil", "none", "-", "n/a", "na", "0x0000", "0x0", "noerror", "ok":
		return true
	}
	return false
}

// matches tells whether s is like a pattern, in which * stands for any characters but a slash.
func matches(pattern, s string) bool {
	ok, err := path.Match(pattern, s)
	return ok && err == nil
}
