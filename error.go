package gnista

import (
	"errors"
	"fmt"
)

// Code says what kind of failure an error is, so that each transport can map it once.
type Code string

// The kinds of failure. An error without a code is Internal.
const (
	Internal    Code = "internal"
	Invalid     Code = "invalid"     // the input is wrong; Error.Field says where
	NotFound    Code = "not-found"   // there is no such thing
	Conflict    Code = "conflict"    // not in the state that the thing is in now
	Offline     Code = "offline"     // the station is not connected
	Timeout     Code = "timeout"     // the station did not answer, so what it did is not known
	Unsupported Code = "unsupported" // the station, or its version, cannot do this
	Refused     Code = "refused"     // the station answered with an error
)

// Error is a failure that its reader can act on.
type Error struct {
	Code  Code
	Field string // the input that is wrong, as a path; empty when no single one is
	err   error
}

func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.err.Error()
	}
	return e.err.Error()
}

func (e *Error) Unwrap() error { return e.err }

// Detail is the message without the name of the field.
func (e *Error) Detail() string { return e.err.Error() }

// Errorf makes an error of the given kind; the format is that of [fmt.Errorf], %w included.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, err: fmt.Errorf(format, args...)}
}

// Invalidf makes an Invalid error about one field of the input.
func Invalidf(field, format string, args ...any) error {
	return &Error{Code: Invalid, Field: field, err: fmt.Errorf(format, args...)}
}

// CodeOf tells what kind of failure err is.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
