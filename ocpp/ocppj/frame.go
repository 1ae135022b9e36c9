package ocppj

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Type is the message type number of a frame.
type Type int

// The message types. SEND and CALLRESULTERROR exist in OCPP 2.1 only.
const (
	CALL            Type = 2 // [2,"id","Action",{payload}]
	CALLRESULT      Type = 3 // [3,"id",{payload}]
	CALLERROR       Type = 4 // [4,"id","code","description",{details}]
	CALLRESULTERROR Type = 5 // [5,"id","code","description",{details}]
	SEND            Type = 6 // [6,"id","Action",{payload}]
)

const (
	maxID          = 255 // longest message id that is read; the versions allow 36, but what has a longer one may be the end of a transaction
	maxDescription = 255 // longest description of an error
	unreadableID   = "-1"
)

// Frame is one OCPP-J message. Which fields are set follows from its Type.
type Frame struct {
	Type        Type
	ID          string
	Action      string          // CALL, SEND
	Payload     json.RawMessage // CALL, SEND, CALLRESULT; not yet known to be valid JSON
	Code        string          // CALLERROR, CALLRESULTERROR; as the sender spelled it
	Description string
	Details     json.RawMessage
}

// FrameError tells why a text is not a frame. ID is "-1" when it could not be read, as the
// answer to such a text wants it. Type is 0 when it could not be read.
type FrameError struct {
	Type   Type
	ID     string
	Code   Code
	Reason string
}

func (e *FrameError) Error() string { return string(e.Code) + ": " + e.Reason }

// Parse reads the envelope of a frame in one pass. Strings and payloads may share memory with
// data. The payload is cut out and not looked into. Its error is a *[FrameError].
func Parse(data []byte) (Frame, error) {
	s := scanner{data: data}
	f, err := s.frame()
	if err != nil {
		id := f.ID
		if id == "" {
			id = unreadableID
		}
		err.ID, err.Type = id, f.Type
		return f, err
	}
	return f, nil
}

type scanner struct {
	data []byte
	pos  int
}

func (s *scanner) frame() (f Frame, _ *FrameError) {
	if !utf8.Valid(s.data) {
		return s.answer(), malformed("not valid UTF-8")
	}
	end := len(s.data)
	for end > 0 && isSpace(s.data[end-1]) {
		end--
	}
	if end == 0 || s.data[end-1] != ']' {
		return s.answer(), malformed("not a JSON array")
	}
	if !s.next('[') {
		return f, malformed("not a JSON array")
	}
	end--
	n, ok := s.number()
	if !ok || !s.next(',') {
		return f, malformed("the message type is not a number")
	}
	f.Type = Type(n)
	if f.ID, ok = s.text(); !ok || f.ID == "" {
		f.ID = ""
		return f, malformed("the message id is not a string")
	}
	if len(f.ID) > maxID {
		return f, malformed("the message id is longer than %d characters", maxID)
	}
	switch f.Type {
	case CALL, SEND:
		if !s.next(',') {
			return f, malformed("no action")
		}
		if f.Action, ok = s.text(); !ok || f.Action == "" {
			return f, malformed("the action is not a string")
		}
		f.Payload, ok = s.rest(end)
	case CALLRESULT:
		f.Payload, ok = s.rest(end)
	case CALLERROR, CALLRESULTERROR:
		if !s.next(',') {
			return f, malformed("no error code")
		}
		if f.Code, ok = s.text(); !ok {
			return f, malformed("the error code is not a string")
		}
		// Stations leave these two out; what is said before them is enough.
		if s.next(',') {
			f.Description, _ = s.text()
		}
		f.Details, _ = s.rest(end)
		return f, nil
	default:
		return f, &FrameError{Code: MessageTypeNotSupported, Reason: fmt.Sprintf("message type %d", n)}
	}
	if !ok {
		return f, &FrameError{Code: FormatViolation, Reason: "the payload is not an object"}
	}
	return f, nil
}

// answer reads the beginning of a text that is broken further on, for whoever waits for it if it is an
// answer. Whoever sent a request had better think it lost than refused.
func (s *scanner) answer() (f Frame) {
	if !s.next('[') {
		return f
	}
	n, _ := s.number()
	if t := Type(n); s.next(',') && (t == CALLRESULT || t == CALLERROR) {
		if id, ok := s.text(); ok {
			f.Type, f.ID = t, id
		}
	}
	return f
}

func malformed(format string, args ...any) *FrameError {
	return &FrameError{Code: RPCFrameworkError, Reason: fmt.Sprintf(format, args...)}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func (s *scanner) space() {
	for s.pos < len(s.data) && isSpace(s.data[s.pos]) {
		s.pos++
	}
}

// next steps over c and the white space before it, if it is what comes next.
func (s *scanner) next(c byte) bool {
	s.space()
	if s.pos < len(s.data) && s.data[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) number() (n int, ok bool) {
	s.space()
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 && s.pos-start < 4 {
		n = n*10 + int(s.data[s.pos]-'0')
		s.pos++
	}
	return n, s.pos > start
}

// text reads a JSON string; one with escapes is left to the JSON decoder.
func (s *scanner) text() (string, bool) {
	if !s.next('"') {
		return "", false
	}
	start, escaped := s.pos, false
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			if escaped {
				var t string
				err := json.Unmarshal(s.data[start-1:s.pos], &t)
				return t, err == nil
			}
			return string(s.data[start : s.pos-1]), true
		case c == '\\':
			escaped = true
			s.pos++
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

// rest is the last element of the array, which ends at end; it must be an object.
func (s *scanner) rest(end int) (json.RawMessage, bool) {
	if !s.next(',') {
		return nil, false
	}
	s.space()
	for end > s.pos && isSpace(s.data[end-1]) {
		end--
	}
	if end-s.pos < 2 || s.data[s.pos] != '{' || s.data[end-1] != '}' {
		return nil, false
	}
	return s.data[s.pos:end], true
}

// Append writes the frame behind dst. Empty payloads and details are written as {}.
func (f Frame) Append(dst []byte) []byte {
	dst = append(dst, '[')
	dst = strconv.AppendInt(dst, int64(f.Type), 10)
	dst = append(dst, ',')
	dst = appendText(dst, f.ID)
	last := f.Payload
	switch f.Type {
	case CALL, SEND:
		dst = append(dst, ',')
		dst = appendText(dst, f.Action)
	case CALLERROR, CALLRESULTERROR:
		dst = append(dst, ',')
		dst = appendText(dst, f.Code)
		dst = append(dst, ',')
		dst = appendText(dst, shorten(f.Description, maxDescription))
		last = f.Details
	}
	dst = append(dst, ',')
	if len(last) == 0 {
		last = json.RawMessage("{}")
	}
	dst = append(dst, last...)
	return append(dst, ']')
}

// appendText writes s as a JSON string. Ids and names of actions need no escapes, so the
// encoder is asked only for what does.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(s) // a string always marshals
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// shorten cuts s to at most n bytes, at the end of a character.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
