package fault

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// shared reads a table of facts that is not part of the project, in the folder that GNISTA_FACTS names: its rows, by
// the names of their columns.
func shared(t *testing.T, name string, comma rune) []map[string]string {
	t.Helper()
	folder := os.Getenv("GNISTA_FACTS")
	f, err := os.Open(filepath.Join(folder, name))
	if folder == "" || err != nil {
		t.Skipf("skipped: GNISTA_FACTS names no folder with %s", name)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = comma, true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]string
	for _, row := range rows[1:] {
		x := map[string]string{}
		for i, v := range row {
			if i < len(rows[0]) {
				x[strings.TrimPrefix(rows[0][i], "\ufeff")] = strings.TrimSpace(v)
			}
		}
		list = append(list, x)
	}
	return list
}

// TestCovers wants an entry for every code of the tables at hand.
func TestCovers(t *testing.T) {
	c := load(t)
	for _, table := range []struct {
		file  string
		comma rune
		key   func(row map[string]string) Key
	}{
		{"errors/ocpp16_chargepoint_error_codes.csv", ',', func(x map[string]string) Key { return Key{OCPP16, x["errorCode"]} }},
		{"errors/mrec_chargex.csv", ',', func(x map[string]string) Key { return Key{MREC, x["fault_code"]} }},
		{"errors/mrec_evgo_2022.csv", ',', func(x map[string]string) Key { return Key{EVgo, x["code"]} }},
		{"errors/charin_uec_draft_2026.csv", ',', func(x map[string]string) Key {
			code, _, _ := strings.Cut(x["error_code"], " (earlier")
			return Key{CharIN, code}
		}},
		{"errors/charin_uec_draft_2026.csv", ',', func(x map[string]string) Key {
			code := x["ocpp2x_component"] + "." + x["ocpp2x_variable"]
			if strings.HasSuffix(code, ".ChargingState") {
				code += "=" + x["ocpp2x_actualValue"]
			}
			return Key{OCPP2, code}
		}},
		{"errors/ocpp2x_fault_variables_v21.csv", ',', func(x map[string]string) Key { return Key{OCPP2, x["component"] + "." + x["variable"]} }},
		{"errors/rpc_error_codes.csv", ',', func(x map[string]string) Key { return Key{RPC, x["errorCode"]} }},
		{"enums/security_events_v16.csv", ',', func(x map[string]string) Key { return Key{Security, x["event"]} }},
		{"enums/security_events_v21.csv", ';', func(x map[string]string) Key { return Key{Security, x["Security Event"]} }},
		{"enums/reason_codes_v21.csv", ';', func(x map[string]string) Key { return Key{RPC, x["Reason code"]} }},
		{"errors/vendors/alfen.csv", ',', func(x map[string]string) Key { return Key{"alfen", x["code"]} }},
		{"errors/vendors/alpitronic_hyc_sw2.2_partial.csv", ',', func(x map[string]string) Key { return Key{"alpitronic", x["errorCode"]} }},
		{"errors/vendors/alpitronic_hyc_sw2.2_partial.csv", ',', func(x map[string]string) Key {
			if x["ocppName"] == "No Error" {
				return Key{}
			}
			return Key{"alpitronic", x["ocppName"]}
		}},
		{"errors/vendors/amina_partial.csv", ',', func(x map[string]string) Key {
			if strings.HasPrefix(x["errorCode"], "NoError") {
				return Key{"amina", "AMINA_INFO"}
			}
			return Key{"amina", x["info"]}
		}},
		{"errors/vendors/bender_ebee_partial.csv", ',', func(x map[string]string) Key { return Key{"bender", x["info_on_activation"]} }},
		{"errors/vendors/btcpower_partial.csv", ',', func(x map[string]string) Key { return Key{"btcpower", x["code"]} }},
		{"errors/vendors/easee_reason_no_current.csv", ',', func(x map[string]string) Key { return Key{"easee", x["name"]} }},
		{"errors/vendors/keba_p30_partial.csv", ',', func(x map[string]string) Key { return Key{"keba", x["code"]} }},
	} {
		t.Run(table.file, func(t *testing.T) {
			n := 0
			for _, row := range shared(t, table.file, table.comma) {
				k := table.key(row)
				if k.Code == "" {
					continue
				}
				n++
				if _, err := c.Entry(k); err != nil {
					t.Error(err)
				}
			}
			if n == 0 {
				t.Error("the table has no codes")
			}
		})
	}
}

var sentence = regexp.MustCompile(`[.;:!?]+(\s|$)`)

// words are those of a text, without what is between them.
func words(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// TestOwnWords wants no sentence of the tables in our texts.
func TestOwnWords(t *testing.T) {
	c := load(t)
	var ours strings.Builder
	for _, e := range c.Entries(EntryFilter{}, Key{}, math.MaxInt) {
		for _, x := range e.Texts {
			for _, part := range x.parts() {
				ours.WriteString(" " + words(*part) + " |")
			}
		}
	}
	text := ours.String()
	for file, comma := range map[string]rune{
		"errors/ocpp16_chargepoint_error_codes.csv": ',', "errors/mrec_chargex.csv": ',', "errors/mrec_evgo_2022.csv": ',', "errors/charin_uec_draft_2026.csv": ',',
		"errors/ocpp2x_fault_variables_v21.csv": ',', "errors/rpc_error_codes.csv": ',', "enums/security_events_v16.csv": ',', "enums/security_events_v21.csv": ';', "enums/reason_codes_v21.csv": ';',
		"errors/vendors/alfen.csv": ',', "errors/vendors/amina_partial.csv": ',', "errors/vendors/bender_ebee_partial.csv": ',', "errors/vendors/btcpower_partial.csv": ',', "errors/vendors/keba_p30_partial.csv": ',',
	} {
		t.Run(file, func(t *testing.T) {
			for _, row := range shared(t, file, comma) {
				for _, cell := range row {
					for _, s := range sentence.Split(cell, -1) {
						if s = words(s); strings.Count(s, " ") >= 4 && strings.Contains(text, " "+s+" ") {
							t.Errorf("ours has the sentence %q", s)
						}
					}
				}
			}
		})
	}
}
