package ocppj

import (
	"encoding/json"
	"fmt"
)

// Code is the code of a CALLERROR, spelled as in OCPP 2.x.
type Code string

// The error codes of all versions.
const (
	NotImplemented                Code = "NotImplemented" // the action is unknown to the version
	NotSupported                  Code = "NotSupported"   // the action is known but not served here
	InternalError                 Code = "InternalError"
	ProtocolError                 Code = "ProtocolError"
	SecurityError                 Code = "SecurityError"
	FormatViolation               Code = "FormatViolation"
	PropertyConstraintViolation   Code = "PropertyConstraintViolation"
	OccurrenceConstraintViolation Code = "OccurrenceConstraintViolation"
	TypeConstraintViolation       Code = "TypeConstraintViolation"
	GenericError                  Code = "GenericError"
	MessageTypeNotSupported       Code = "MessageTypeNotSupported" // 2.x only
	RPCFrameworkError             Code = "RpcFrameworkError"       // 2.x only
)

// spelling16 has the codes that OCPP 1.6 writes otherwise or does not have. Its two
// misspelled names are official (errata 2025-04 §5.1, §5.2).
var spelling16 = map[Code]string{
	FormatViolation:               "FormationViolation",
	OccurrenceConstraintViolation: "OccurenceConstraintViolation",
	MessageTypeNotSupported:       "GenericError",
	RPCFrameworkError:             "FormationViolation",
}

// Spell is the code as version v writes it.
func (c Code) Spell(v Version) string {
	if s, ok := spelling16[c]; ok && v == V16 {
		return s
	}
	return string(c)
}

// ParseCode reads a code in the spelling of any version.
func ParseCode(s string) Code {
	switch s {
	case "FormationViolation":
		return FormatViolation
	case "OccurenceConstraintViolation":
		return OccurrenceConstraintViolation
	}
	return Code(s)
}

// Known tells whether OCPP has the code.
func (c Code) Known() bool {
	switch c {
	case NotImplemented, NotSupported, InternalError, ProtocolError, SecurityError, FormatViolation, PropertyConstraintViolation,
		OccurrenceConstraintViolation, TypeConstraintViolation, GenericError, MessageTypeNotSupported, RPCFrameworkError:
		return true
	}
	return false
}

// Error is a failure that the wire can tell: what a handler returns to answer with a
// CALLERROR, and what a CALL returns when the peer answered with one.
type Error struct {
	Code        Code
	Description string // at most 255 bytes are sent
	Details     json.RawMessage
}

// CallError is the code, for who must not know of frames.
func (e *Error) CallError() string { return string(e.Code) }

func (e *Error) Error() string {
	if e.Description == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Description
}

// Errorf makes an Error whose description is formatted as by [fmt.Sprintf].
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Description: fmt.Sprintf(format, args...)}
}
