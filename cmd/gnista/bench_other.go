//go:build !linux

package main

import "errors"

// bench measures on Linux, where the memory of a process can be read.
type bench struct{}

// Run tells so.
func (bench) Run() error { return errors.New("this machine cannot be measured: that needs Linux") }
