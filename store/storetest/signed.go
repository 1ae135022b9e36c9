package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"gnista/charging"
)

func (s suite) signedValues(t *testing.T) {
	begin := charging.Signed{At: now, Context: charging.AtBegin, Measurand: charging.EnergyImport, Data: `OCMF|{"FV":"1.0","å":" "}|{"SD":"30=="}`, Encoding: "OCMF", Method: "ECDSA", PublicKey: "MFk="}
	long := charging.Signed{At: now.Add(time.Minute), Measurand: charging.EnergyImport, Data: strings.Repeat("x", charging.MaxSigned)}
	end := charging.Signed{At: now.Add(time.Hour), Context: charging.AtEnd, Measurand: charging.EnergyImport, Data: "the end"}
	for i, list := range [][]charging.Signed{{begin}, {begin, long}, {end, begin}} { // long is too much, and a repeat is none
		err := s.Change(t.Context(), "signed", func(tx charging.Tx) error { return tx.SaveSigned("signed", list) })
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if got := must[[]charging.Signed](t)(s.SignedValues(t.Context(), "signed")); !reflect.DeepEqual(got, []charging.Signed{begin, end}) {
		t.Errorf("got %s", fmt.Sprint(got)[:200])
	}
	if got := must[[]charging.Signed](t)(s.SignedValues(t.Context(), "none")); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
