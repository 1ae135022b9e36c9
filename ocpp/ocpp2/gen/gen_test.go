package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"gnista/ocpp/schematest"
)

// The generated files are those that the generator writes.
func TestUpToDate(t *testing.T) {
	out := t.TempDir()
	if err := run(schematest.Dir(t), out); err != nil {
		t.Fatal(err)
	}
	written, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil {
		t.Fatal(err)
	}
	committed, err := filepath.Glob("../*_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(written) != len(committed) {
		t.Errorf("%d files are generated, %d are there", len(written), len(committed))
	}
	for _, path := range written {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", filepath.Base(path)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: run go generate ./ocpp/ocpp2", filepath.Base(path))
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"evseId": "EVSEID", "limit_L2": "LimitL2", "targetSoC": "TargetSoC", "soc": "SoC",
		"numEPriceLevels": "NumEPriceLevels", "prioritizedEMAIDs": "PrioritizedEMAIDs",
		"evMaxV2XEnergyRequest": "EVMaxV2XEnergyRequest", "ocppCsmsUrl": "OCPPCSMSURL",
		"iso15118CertificateHashData": "ISO15118CertificateHashData", "LimitAtSoC": "LimitAtSoC",
	} {
		if got := goName(in); got != want {
			t.Errorf("goName(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"AC_single_phase": "ACSinglePhase", "Energy.Active.Net": "EnergyActiveNet", "L1-N": "L1N", "dateTime": "DateTime",
	} {
		if got := valueName(in); got != want {
			t.Errorf("valueName(%q) = %q, want %q", in, got, want)
		}
	}
}

// Every name that is made by hand is that of something.
func TestTables(t *testing.T) {
	v, err := load(filepath.Join(schematest.Dir(t), "v21"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := load(filepath.Join(schematest.Dir(t), "v201"))
	if err != nil {
		t.Fatal(err)
	}
	for def := range typeNames {
		if v.types[def] == nil && old.types[def] == nil {
			t.Errorf("there is no %s", def)
		}
	}
	for _, name := range fromStation {
		if v.messages[name] == nil && v.messages[name+"Request"] == nil {
			t.Errorf("there is no action %s", name)
		}
	}
}
