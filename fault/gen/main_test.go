package main

import (
	"os"
	"testing"

	"gnista/fault"
)

func TestPage(t *testing.T) {
	c, err := fault.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != document(c) {
		t.Error("docs/faults.md is not what the catalogue says; run make generate")
	}
}
