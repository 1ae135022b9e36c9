package fault

import "testing"

func TestLoad(t *testing.T) {
	c, err := LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	k := c.KeyOf("Acme", Raw{Code: "OtherError", VendorID: "Acme Corp/x", VendorCode: "power_limit_exceeded"})
	t.Log(k)
	e := c.Find(k, Raw{})
	t.Log(e.Say(Swedish, map[string]any{"limitA": 100, "measuredA": 112.34}, nil))
	k = c.KeyOf("Acme", Raw{Code: "ConnectorLockFailure", VendorID: "gnista", VendorCode: "E12"})
	t.Log(k, c.Find(k, Raw{Code: "ConnectorLockFailure"}).Known)
	t.Log(c.Find(Key{"x", "y"}, Raw{}).Say(English, nil, nil))
}
