package ocppj

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"unicode/utf8"
)

// Checked is a message, or a part of one, that can tell where it breaks the rules of a
// version. A pointer to every message type is Checked.
type Checked interface {
	Check(c *Check)
}

// Violation is one place where a message breaks the rules.
type Violation struct {
	Code   Code // Occurrence-, Property- or TypeConstraintViolation
	Path   string
	Reason string

	// zero marks a required property that has its zero value: whether it was left out or
	// is really 0 or "" only the text of the message can tell.
	zero bool
}

func (v Violation) String() string { return v.Path + ": " + v.Reason }

// Check collects the violations of one message. Its methods are called from the Check methods
// of message types; a path is that of a property within the type, and each outer type puts its
// own in front with [Check.Within] or [Check.Index]. So a valid message costs no path at all.
type Check struct {
	Version Version
	list    []Violation
}

// Violations are those found, in the order of the properties.
func (c *Check) Violations() []Violation { return c.list }

// Len is the number of violations so far: a mark for Within and Index.
func (c *Check) Len() int { return len(c.list) }

// Within puts path in front of the violations found since mark.
func (c *Check) Within(mark int, path string) {
	for i := mark; i < len(c.list); i++ {
		v := &c.list[i]
		if v.Path == "" || v.Path[0] == '[' {
			v.Path = path + v.Path
		} else {
			v.Path = path + "." + v.Path
		}
	}
}

// Index is Within for element i of an array.
func (c *Check) Index(mark int, path string, i int) {
	if len(c.list) > mark {
		c.Within(mark, path+"["+strconv.Itoa(i)+"]")
	}
}

func (c *Check) add(code Code, path, format string, args ...any) {
	c.list = append(c.list, Violation{Code: code, Path: path, Reason: fmt.Sprintf(format, args...)})
}

// Required tells that the property at path must be there; zero is whether it has its zero value.
func (c *Check) Required(path string, zero bool) {
	if zero {
		c.list = append(c.list, Violation{Code: OccurrenceConstraintViolation, Path: path, Reason: "is required", zero: true})
	}
}

// RequiredList is Required for an array, which is nil only when it is not there.
func (c *Check) RequiredList(path string, absent bool) {
	if absent {
		c.Missing(path)
	}
}

// Missing is Required for a property that is known to be absent.
func (c *Check) Missing(path string) {
	c.list = append(c.list, Violation{Code: OccurrenceConstraintViolation, Path: path, Reason: "is required"})
}

// Since tells that the property at path came with version v.
func (c *Check) Since(v Version, path string, present bool) {
	if present && c.Version < v {
		c.add(OccurrenceConstraintViolation, path, "does not exist in OCPP %v", c.Version)
	}
}

// MaxLength limits s to n characters.
func (c *Check) MaxLength(path, s string, n int) {
	if len(s) > n && utf8.RuneCountInString(s) > n {
		c.add(PropertyConstraintViolation, path, "is longer than %d characters", n)
	}
}

// Enum tells whether the value s is one that the version knows.
func (c *Check) Enum(path, s string, known bool) {
	if !known {
		c.add(PropertyConstraintViolation, path, "%q is not one of its values in OCPP %v", shorten(s, 60), c.Version)
	}
}

// Items limits the number of elements of an array, n, to between low and high; high 0 is no limit.
func (c *Check) Items(path string, n, low, high int) {
	if n < low {
		c.add(OccurrenceConstraintViolation, path, "has fewer than %d elements", low)
	}
	if high > 0 && n > high {
		c.add(OccurrenceConstraintViolation, path, "has more than %d elements", high)
	}
}

// Min limits x to at least low.
func (c *Check) Min(path string, x, low float64) {
	if x < low {
		c.add(PropertyConstraintViolation, path, "is less than %v", low)
	}
}

// Max limits x to at most high.
func (c *Check) Max(path string, x, high float64) {
	if x > high {
		c.add(PropertyConstraintViolation, path, "is more than %v", high)
	}
}

// Integer tells that x is a whole number.
func (c *Check) Integer(path string, x float64) {
	if x != math.Trunc(x) {
		c.add(TypeConstraintViolation, path, "is not an integer in OCPP %v", c.Version)
	}
}

// OneDecimal tells that x is a multiple of 0.1, as OCPP 1.6 wants limits to be.
func (c *Check) OneDecimal(path string, x float64) {
	if r := math.Round(x*10) / 10; r != x {
		c.add(PropertyConstraintViolation, path, "is not a multiple of 0.1")
	}
}

// URI tells that s is an absolute URI.
func (c *Check) URI(path, s string) {
	if u, err := url.Parse(s); err != nil || u.Scheme == "" {
		c.add(PropertyConstraintViolation, path, "is not a URI")
	}
}

// Time tells that t was written as RFC 3339 asks. Optional ones may be nil.
func (c *Check) Time(path string, t *DateTime) {
	if t != nil && t.odd != "" {
		c.add(PropertyConstraintViolation, path, "%s is not an RFC 3339 date-time", shorten(t.odd, 60))
	}
}

// worst is the first violation of the gravest kind: missing, then wrong type, then wrong value.
func worst(list []Violation) *Violation {
	var found *Violation
	rank := func(v *Violation) int {
		switch v.Code {
		case OccurrenceConstraintViolation:
			return 3
		case TypeConstraintViolation:
			return 2
		}
		return 1
	}
	for i := range list {
		if found == nil || rank(&list[i]) > rank(found) {
			found = &list[i]
		}
	}
	return found
}
