// Package ocpp2 has the messages of OCPP 2.0.1 and 2.1: one set of types for both versions.
//
// A type has the properties of 2.1, which are those of 2.0.1 and more. What a version lacks, or
// has otherwise, its Check tells: judge a message by the version that was negotiated, with
// [ocppj.Decode] when it was received and [ocppj.Judge] before it is sent. What came with 2.1 is
// marked so.
//
// An optional property is a pointer, or absent when it is empty, and so is one that only one of
// the versions requires. [Actions] lists the messages.
//
// The types are written by gen from the official JSON schemas, which are not part of this
// repository.
package ocpp2

//go:generate go run ./gen
