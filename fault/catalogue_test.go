package fault

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gnista"
)

func load(t testing.TB) *Catalogue {
	t.Helper()
	c, err := LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	texts = `"texts": {"sv": {"name": "n", "driver": "d", "operator": "o", "technician": "t"}, "en": {"name": "n", "driver": "d", "operator": "o", "technician": "t"}}`
	whole = `"severity": "high", "fixer": "driver", "usable": false, "retry": true, "remedy": "reseat", ` + texts
	basis = `{"source": "gnista", "name": "Ours", "entries": [{"code": "Unknown", "free": true, ` + whole + `}, {"code": "FaultedWithoutCode", ` + whole + `}]}`
)

// TestWrongFiles has the loader refuse what is wrong, and say what that is.
func TestWrongFiles(t *testing.T) {
	file := func(entries ...string) string {
		return `{"source": "acme", "name": "Acme", "entries": [` + strings.Join(entries, ", ") + `]}`
	}
	entry := func(from, to string) string {
		e := `{"code": "A", ` + whole + `}`
		if !strings.Contains(e, from) {
			t.Fatalf("the entry has no %q", from)
		}
		return file(strings.Replace(e, from, to, 1))
	}
	for name, x := range map[string]struct{ file, wants string }{
		"whole":               {file(`{"code": "A", ` + whole + `}`), ""},
		"like":                {file(`{"code": "A", "like": "gnista/Unknown"}`), ""},
		"unknown field":       {entry(`"usable"`, `"usefull"`), `unknown field "usefull"`},
		"no JSON":             {`{`, "unexpected EOF"},
		"more behind":         {file(`{"code": "A", `+whole+`}`) + "{}", "more behind its end"},
		"no source":           {`{"source": "", "name": "x", "entries": [{"code": "A", ` + whole + `}]}`, "needs an id"},
		"source in capitals":  {strings.Replace(file(`{"code": "A", `+whole+`}`), `"acme"`, `"Acme"`, 1), "needs an id"},
		"source twice":        {strings.Replace(file(`{"code": "A", `+whole+`}`), `"acme"`, `"gnista"`, 1), "has another file"},
		"no entries":          {file(), "needs an id"},
		"empty code":          {entry(`"A"`, `""`), "is no code"},
		"code that is hidden": {entry(`"A"`, `"A\u0007"`), "is no code"},
		"code twice":          {file(`{"code": "A b", `+whole+`}`, `{"code": "a_B", `+whole+`}`), "acme/a_B: is there twice"},
		"alias twice":         {file(`{"code": "A", "aliases": ["B"], `+whole+`}`, `{"code": "C", "aliases": ["b"], `+whole+`}`), `alias "b" is there twice`},
		"alias of a code":     {file(`{"code": "A", `+whole+`}`, `{"code": "C", "aliases": ["a"], `+whole+`}`), "is there twice"},
		"no pattern":          {file(`{"code": "A", "aliases": ["[*"], ` + whole + `}`), "is no pattern"},
		"free twice":          {file(`{"code": "A", "free": true, "aliases": ["un known"], ` + whole + `}`), "free twice"},
		"severity":            {entry(`"high"`, `"awful"`), "severity: \"awful\" is none of"},
		"no severity":         {entry(`"severity": "high", `, ``), "severity: \"\" is none of"},
		"fixer":               {entry(`"driver"`, `"mechanic"`), "fixer: \"mechanic\" is none of"},
		"remedy":              {entry(`"reseat"`, `"pray"`), "remedy: \"pray\" is none of"},
		"value":               {entry(`"retry"`, `"value": "maybe", "retry"`), "value: \"maybe\""},
		"usable is missing":   {entry(`"usable": false, `, ``), "must say whether the outlet is usable"},
		"retry is missing":    {entry(`"retry": true, `, ``), "whether to retry is safe"},
		"critical and usable": {entry(`"severity": "high", "fixer": "driver", "usable": false`, `"severity": "critical", "fixer": "driver", "usable": true`), "usable: what is critical"},
		"low and not usable":  {entry(`"high"`, `"low"`), "usable: an outlet that cannot be used"},
		"out, but usable":     {entry(`"usable": false, "retry": true, "remedy": "reseat"`, `"usable": true, "retry": true, "remedy": "take-out"`), "remedy: an outlet that is to be taken out"},
		"no fault, but bad":   {entry(`"retry"`, `"noFault": true, "retry"`), "severity: what is no fault is info"},
		"like nothing":        {file(`{"code": "A", "like": "acme/B"}`), `like: there is no entry "acme/B"`},
		"like itself":         {file(`{"code": "A", "like": "acme/A"}`), "like: leads in a circle"},
		"circle":              {file(`{"code": "A", "like": "acme/B"}`, `{"code": "B", "like": "acme/C"}`, `{"code": "C", "like": "acme/A"}`), "like: leads in a circle"},
		"no text":             {entry(`"technician": "t"`, `"technician": ""`), "technician is said in one language only"},
		"no text at all":      {entry(texts, `"texts": {}`), "texts.sv.name: is missing"},
		"no Swedish":          {entry(`"sv"`, `"no"`), "is said in one language only"},
		"third language":      {entry(`"texts": {`, `"texts": {"no": {"name": "n"}, `), `texts: "no" is no language`},
		"unknown placeholder": {entry(`"name": "n"`, `"name": "[[{limitX}]]"`), "{limitX} is no placeholder"},
		"fact that may lack":  {entry(`"name": "n"`, `"name": "{limitA}"`), "{limitA} may be missing"},
		"other placeholders":  {entry(`"name": "n"`, `"name": "{code}"`), "has other placeholders than the other language"},
		"brackets":            {entry(`"name": "n"`, `"name": "[[n"`), "without its ]]"},
		"brackets inside":     {entry(`"name": "n"`, `"name": "[[a [[n]] ]]"`), "within each other"},
		"brackets the wrong":  {entry(`"name": "n"`, `"name": "]]n[["`), "do not go in pairs"},
		"brace":               {entry(`"name": "n"`, `"name": "n}"`), "without a {"},
		"control character":   {entry(`"name": "n"`, `"name": "a\u0000b"`), "U+0000"},
		"text of two lines":   {entry(`"name": "n"`, `"name": "a\nb"`), "U+000A"},
		"space at the end":    {entry(`"name": "n"`, `"name": "n "`), "ends with a space"},
		"long name":           {entry(`"name": "n"`, `"name": "`+strings.Repeat("å", 81)+`"`), "longer than 80"},
		"long text":           {entry(`"driver": "d"`, `"driver": "`+strings.Repeat("å", 801)+`"`), "longer than 800"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readCatalogue(fstest.MapFS{"catalogue/gnista.json": {Data: []byte(basis)}, "catalogue/x.json": {Data: []byte(x.file)}})
			switch {
			case x.wants == "" && err != nil:
				t.Error(err)
			case x.wants != "" && (err == nil || !strings.Contains(err.Error(), x.wants)):
				t.Errorf("got %v, want %q", err, x.wants)
			}
		})
	}
}

// TestTexts wants each text in both languages, and one that reads well with and without the facts.
func TestTexts(t *testing.T) {
	c := load(t)
	facts := map[string]any{}
	for name, unit := range placeholders {
		switch facts[name] = 12.5; unit {
		case "time":
			facts[name] = time.Date(2026, 1, 2, 15, 4, 0, 0, time.UTC)
		case "text":
			facts[name] = "Ett Ord"
		}
	}
	for _, e := range c.Entries(EntryFilter{}, Key{}, math.MaxInt) {
		sv, en := e.Texts[Swedish], e.Texts[English]
		for i, part := range sv.parts() {
			if *part == *en.parts()[i] {
				t.Errorf("%s: %s is the same in both languages: %q", e.Key, partNames[i], *part)
			}
		}
		if strings.Contains(sv.Driver+en.Driver, "{") {
			t.Errorf("%s: drivers have no use for numbers and codes", e.Key)
		}
		for l, other := range map[Language]string{Swedish: " the , you , and ", English: " och , att , är "} {
			for _, some := range []map[string]any{nil, facts} {
				said := e.Say(l, some, nil)
				for i, part := range said.parts() {
					for _, odd := range []string{"[", "]", "{", "}", "  ", " .", " ,", "..", ",,", ":.", ": .", "()", ".:", "12.5,"} {
						if strings.Contains(*part, odd) {
							t.Errorf("%s: %s in %s with %d facts has %q: %s", e.Key, partNames[i], l, len(some), odd, *part)
						}
					}
					for word := range strings.SplitSeq(other, ",") {
						if strings.Contains(*part, word) {
							t.Errorf("%s: %s in %s has the word %q of the other language: %s", e.Key, partNames[i], l, word, *part)
						}
					}
					if i > 0 && !strings.HasSuffix(*part, ".") {
						t.Errorf("%s: %s in %s does not end as a sentence: %s", e.Key, partNames[i], l, *part)
					}
				}
			}
		}
	}
}

func TestOwnFaults(t *testing.T) {
	c := load(t)
	for _, code := range strings.Fields(`Offline Deaf BootLoop ClockSkew ZeroEnergy StartWithoutCharge StartsFail StuckPreparing StuckSuspendedEV StuckFinishing StateOfChargeStill
		MeterAnomaly UnauthorisedEnergy CertificateExpiring CertificateExpired DiskFull FaultedWithoutCode CommandFailed CommandUnanswered HandshakeRefused FirmwareFailed LogFailed
		PowerLimitExceeded NotFollowingLimit MeterStale SiteOffline PaymentProviderDown MessagesRejected TooManyFaults AlertChannelFailed CommandFailed.reset HandshakeRefused.credentials
		HandshakeRefused.made-up PowerLimitExceeded.L1`) {
		if e := c.Find(Key{Own, code}, Raw{Code: "InternalError"}); !e.Known || e.Key.Code != code {
			t.Errorf("%s is not known: %+v", code, e)
		}
	}
}

func TestKeyOf(t *testing.T) {
	c := load(t)
	for name, x := range map[string]struct {
		maker string
		raw   Raw
		wants string
	}{
		"native":                     {"", Raw{Code: "ConnectorLockFailure"}, "ocpp1.6/ConnectorLockFailure"},
		"native in small letters":    {"", Raw{Code: "groundFailure"}, "ocpp1.6/GroundFailure"},
		"native that is unknown":     {"", Raw{Code: "Broken Pipe"}, "ocpp1.6/Broken Pipe"},
		"MREC":                       {"", Raw{Code: "ConnectorLockFailure", VendorID: "https://chargex.inl.gov", VendorCode: "CX001"}, "mrec/CX001"},
		"MREC in small letters":      {"", Raw{Code: "OtherError", VendorID: "HTTPS://ChargeX.INL.gov/", VendorCode: "cx017"}, "mrec/CX017"},
		"MREC by another id":         {"Acme", Raw{Code: "OtherError", VendorID: "com.acme", VendorCode: "CX008"}, "mrec/CX008"},
		"EVgo":                       {"", Raw{Code: "OtherError", VendorID: "com.evgo.mrec", VendorCode: "F006"}, "evgo/F006"},
		"CharIN":                     {"", Raw{Code: "OtherError", VendorID: "org.charin.uec.v1", VendorCode: "EVShiftPosition"}, "charin/EVShiftPosition"},
		"CharIN without its side":    {"", Raw{Code: "ConnectorLockFailure", VendorID: "org.charin.uec.v1", VendorCode: "ConnectorLockFailure"}, "charin/ConnectorLockFailure (EVSE side)"},
		"vendor by its id":           {"", Raw{Code: "OtherError", VendorID: "Alfen BV", VendorCode: "211"}, "alfen/211"},
		"vendor by its maker":        {"Alfen BV", Raw{Code: "OtherError", VendorCode: "211"}, "alfen/211"},
		"maker behind another id":    {"alpitronic GmbH", Raw{Code: "OtherError", VendorID: "it.hyc", VendorCode: "62"}, "alpitronic/62"},
		"maker by what it says":      {"Bender GmbH Co. KG", Raw{Code: "groundFailure", Info: "Residual current detected via sensor"}, "bender/ResidualCurrent"},
		"maker says something else":  {"Bender GmbH Co. KG", Raw{Code: "groundFailure", Info: "Moon in the wrong place"}, "ocpp1.6/GroundFailure"},
		"vendor code that is new":    {"", Raw{Code: "OtherError", VendorID: "com.acme.cp", VendorCode: "E 42"}, "com.acme.cp/E 42"},
		"new code, maker only":       {"Acme Ltd.", Raw{Code: "OtherError", VendorCode: "E42"}, "acme-ltd/E42"},
		"new code of nobody":         {"", Raw{VendorCode: "E42"}, "unknown/E42"},
		"PowerLimitExceeded":         {"", Raw{Code: "OtherError", VendorID: "com.acme", VendorCode: "PowerLimitExceeded"}, "gnista/PowerLimitExceeded"},
		"power limit, other writing": {"Acme", Raw{Code: "OtherError", VendorCode: "power_limit_exceeded"}, "gnista/PowerLimitExceeded"},
		"power limit of 2.x":         {"", Raw{Component: "EVSE", Variable: "Power", Value: "25000", VendorCode: "PowerLimitExceeded"}, "gnista/PowerLimitExceeded"},
		"word of OCPP as a code":     {"", Raw{Code: "OtherError", VendorID: "com.acme", VendorCode: "ConnectorLockFailure"}, "ocpp1.6/ConnectorLockFailure"},
		"2.x":                        {"", Raw{Component: "ConnectorPlugRetentionLock", Variable: "Problem", Value: "true"}, "ocpp2/ConnectorPlugRetentionLock.Problem"},
		"2.x with the value":         {"", Raw{Component: "ConnectedEV", Variable: "ChargingState", Value: "VehicleShiftPosition"}, "ocpp2/ConnectedEV.ChargingState=VehicleShiftPosition"},
		"2.x with an MREC code":      {"", Raw{Component: "EVSE", Variable: "Problem", Value: "true", VendorCode: "CX011"}, "mrec/CX011"},
		"2.x with a strange code":    {"Acme", Raw{Component: "EVSE", Variable: "Problem", Value: "true", VendorCode: "E42"}, "ocpp2/EVSE.Problem"},
		"2.x that is unknown":        {"", Raw{Component: "FluxCapacitor", Variable: "Problem", Value: "true"}, "ocpp2/FluxCapacitor.Problem"},
		"no code":                    {"ABB", Raw{Code: "GroundFailure", VendorID: "ABB", VendorCode: "0x0000"}, "ocpp1.6/GroundFailure"},
		"no code in words":           {"", Raw{Code: "GroundFailure", VendorID: "null", VendorCode: "null"}, "ocpp1.6/GroundFailure"},
		"no fault hides none":        {"", Raw{Code: "GroundFailure", VendorID: "Alfen", VendorCode: "0"}, "ocpp1.6/GroundFailure"},
		"no fault, in OtherError":    {"", Raw{Code: "OtherError", VendorID: "ABB", VendorCode: "EmergencyButtonReleased"}, "abb/EmergencyButtonReleased"},
		"nothing":                    {"", Raw{}, "gnista/FaultedWithoutCode"},
		"speaks for us":              {"", Raw{Code: "OtherError", VendorID: "gnista", VendorCode: "DiskFull"}, "vendor-gnista/DiskFull"},
		"speaks for OCPP":            {"", Raw{Code: "OtherError", VendorID: "ocpp1.6", VendorCode: "x"}, "vendor-ocpp1.6/x"},
		"hostile id":                 {"", Raw{VendorID: "<b>/../\x00é", VendorCode: "a\x00\n\tb<i>"}, "b/a b<i>"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.KeyOf(x.maker, x.raw).String(); got != x.wants {
				t.Errorf("got %q, want %q", got, x.wants)
			}
		})
	}
	long := c.KeyOf("", Raw{VendorID: strings.Repeat("é", 10_000) + strings.Repeat("x", 10_000), VendorCode: strings.Repeat("å", 10_000)})
	if len([]rune(long.Source)) > maxSource || len([]rune(long.Code)) > maxCode || c.Find(long, Raw{}).Known {
		t.Errorf("got %q", long)
	}
}

func TestFind(t *testing.T) {
	c := load(t)
	lock := c.Find(Key{OCPP16, "ConnectorLockFailure"}, Raw{})
	for name, x := range map[string]struct {
		key   Key
		raw   Raw
		known bool
		like  Key // whose texts it has
	}{
		"itself":               {Key{OCPP16, "connectorLOCKfailure"}, Raw{}, true, Key{OCPP16, "ConnectorLockFailure"}},
		"alias":                {Key{Security, "InvalidCentralSystemCertificate"}, Raw{}, true, Key{Security, "InvalidCsmsCertificate"}},
		"word of OCPP beside":  {Key{"acme", "E42"}, Raw{Code: "ConnectorLockFailure", VendorCode: "E42"}, false, Key{OCPP16, "ConnectorLockFailure"}},
		"variable beside":      {Key{"acme", "E42"}, Raw{Component: "RCD", Variable: "Tripped", Value: "true"}, false, Key{OCPP2, "RCD.Tripped"}},
		"any component":        {Key{OCPP2, "FluxCapacitor.Problem"}, Raw{}, false, Key{OCPP2, "*.Problem"}},
		"no error beside":      {Key{"acme", "E42"}, Raw{Code: "NoError"}, false, Key{Own, "Unknown"}},
		"free":                 {Key{"acme", "CX026"}, Raw{}, true, Key{MREC, "CX026"}},
		"answer to an order":   {Key{RPC, "Whatever"}, Raw{Code: "InternalError"}, false, Key{Own, "CommandFailed"}},
		"reason of an end":     {Key{Stop, "Boredom"}, Raw{Code: "GroundFailure"}, false, Key{Stop, "Other"}},
		"security event":       {Key{Security, "Ghost"}, Raw{Code: "GroundFailure"}, false, Key{Own, "Unknown"}},
		"nothing at all":       {Key{}, Raw{}, false, Key{Own, "Unknown"}},
		"ours, with a dot":     {Key{Own, "CommandFailed.reset"}, Raw{}, true, Key{Own, "CommandFailed"}},
		"ours, never heard of": {Key{Own, "Never"}, Raw{}, false, Key{Own, "Unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, of := c.Find(x.key, x.raw), c.Find(x.like, Raw{})
			if e.Known != x.known || e.Severity != of.Severity || e.Texts[Swedish] != of.Texts[Swedish] || e.Texts[English] != of.Texts[English] {
				t.Errorf("got %+v", e)
			}
			if !x.known && e.Key != x.key {
				t.Errorf("the key %s is not kept, but %s", x.key, e.Key)
			}
		})
	}
	if lock.Remedy != Unlock || lock.Fixer != Driver || lock.Usable || !lock.Retry {
		t.Errorf("the lock: %+v", lock)
	}
	if e := c.Find(Key{"x", "y"}, Raw{}); e.Severity != Medium || !strings.Contains(e.Say(English, nil, nil).Operator, "y") {
		t.Errorf("what is unknown: %+v", e)
	}
}

func TestOver(t *testing.T) {
	c := load(t)
	for _, x := range []struct {
		code, value string
		over        bool
	}{
		{"TemperatureSensor.Active", "true", false}, {"TemperatureSensor.Active", "False", true}, {"TemperatureSensor.Active", "0", true}, {"TemperatureSensor.Active", "hot", false},
		{"ElectricalFeed.Active", "false", false}, {"ElectricalFeed.Active", "true", true}, {"EVSE.DCVoltage", "0", false},
	} {
		if got := c.Find(Key{OCPP2, x.code}, Raw{}).Over(x.value); got != x.over {
			t.Errorf("%s %s: %t", x.code, x.value, got)
		}
	}
}

func TestSay(t *testing.T) {
	zone := time.FixedZone("CEST", 2*60*60)
	at := time.Date(2026, 7, 1, 10, 5, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		text  string
		l     Language
		facts map[string]any
		wants string
	}{
		"Swedish numbers": {"a[[: {measuredA} mot {limitA}]].", Swedish, map[string]any{"measuredA": 112.34, "limitA": 100}, "a: 112,3\u00a0A mot 100\u00a0A."},
		"English numbers": {"a[[: {measuredA} of {limitA}]].", English, map[string]any{"measuredA": 112.34, "limitA": int64(100)}, "a: 112.3\u00a0A of 100\u00a0A."},
		"one is missing":  {"a[[: {measuredA} of {limitA}]][[, {limitKW}]].", English, map[string]any{"measuredA": 1, "limitKW": 11}, "a, 11\u00a0kW."},
		"none":            {"a[[: {measuredA}]].", English, nil, "a."},
		"nil":             {"a[[: {measuredA}]].", English, map[string]any{"measuredA": nil}, "a."},
		"no number":       {"a[[: {measuredA}]].", English, map[string]any{"measuredA": "many"}, "a."},
		"NaN":             {"a[[: {measuredA}]].", English, map[string]any{"measuredA": math.NaN()}, "a."},
		"infinite":        {"a[[: {measuredA}]].", English, map[string]any{"measuredA": math.Inf(1)}, "a."},
		"percent":         {"[[{percent}]]", Swedish, map[string]any{"percent": 92}, "92\u00a0%"},
		"one day":         {"[[{days}]]", Swedish, map[string]any{"days": 1}, "1\u00a0dag"},
		"days":            {"[[{days}]]", English, map[string]any{"days": 2}, "2\u00a0days"},
		"time":            {"[[{since}]]", Swedish, map[string]any{"since": at}, "2026-07-01 12:05"},
		"time as text":    {"[[{since}]]", Swedish, map[string]any{"since": at.Format(time.RFC3339)}, "2026-07-01 12:05"},
		"no time":         {"a[[{since}]]", Swedish, map[string]any{"since": "yesterday"}, "a"},
		"zero time":       {"a[[{since}]]", Swedish, map[string]any{"since": time.Time{}}, "a"},
		"hostile text":    {"a[[ {info}]]", English, map[string]any{"info": "\x1b[31m<b>{code}]]\n" + strings.Repeat("x", 10_000)}, "a [31m<b>{code}]] " + strings.Repeat("x", 84)},
		"reason in words": {"a[[: {reason}]]", Swedish, map[string]any{"reason": "meter-reset"}, "a: mätarställningen gick baklänges"},
		"code":            {"{code}", English, map[string]any{"code": "forged"}, "C"},
		"other language":  {"{code}", "fr", nil, "C"},
	} {
		t.Run(name, func(t *testing.T) {
			e := Entry{Key: Key{"s", "C"}, Texts: map[Language]Texts{Swedish: {Driver: x.text}, English: {Driver: x.text}}}
			if got := e.Say(x.l, x.facts, zone).Driver; got != x.wants {
				t.Errorf("got %q, want %q", got, x.wants)
			}
		})
	}
	f := &Fault{Station: "CS1", EVSE: gnista.EVSE{ID: 2}, OpenedAt: at, Raw: Raw{Info: "Rejected"}, Facts: map[string]any{"order": "reset"}}
	e := Entry{Texts: map[Language]Texts{English: {Driver: "[[{station} {evse} {command} {reason} {since}]]"}}}
	if got := e.Explain(f, English, nil).Driver; got != "CS1 2 reset Rejected 2026-07-01 10:05 UTC" {
		t.Errorf("got %q", got)
	}
}

func TestEntries(t *testing.T) {
	c := load(t)
	var all []Key
	for after := (Key{}); ; {
		list := c.Entries(EntryFilter{}, after, 7)
		for _, e := range list {
			all = append(all, e.Key)
		}
		if len(list) < 7 {
			break
		}
		after = list[6].Key
	}
	if got := c.Entries(EntryFilter{}, Key{}, math.MaxInt); len(got) != len(all) || len(all) < 300 {
		t.Errorf("%d entries by pages, %d at once", len(all), len(got))
	}
	if got := c.Entries(EntryFilter{Source: MREC}, Key{}, 100); len(got) != 26 {
		t.Errorf("MREC has %d", len(got))
	}
	if got := c.Entries(EntryFilter{Search: "NÖDSTOPP", Source: MREC}, Key{}, 100); len(got) != 1 || got[0].Key.Code != "CX008" {
		t.Errorf("found %v", got)
	}
	if _, err := c.Entry(Key{"acme", "E42"}); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("got %v", err)
	}
}

// TestUse lays what operators say over the catalogue.
func TestUse(t *testing.T) {
	c := load(t)
	no, low := false, Change{Severity: Low}
	acme := Key{"acme", "E42"}
	if err := c.Use(map[Key]Change{
		acme:                             {Like: "ocpp1.6/ConnectorLockFailure", Severity: Medium, Texts: map[Language]Texts{Swedish: {Driver: "Ring oss."}}},
		{OCPP16, "ConnectorLockFailure"}: {Retry: &no},
	}); err != nil {
		t.Fatal(err)
	}
	e := c.Find(Key{"ACME", "e42"}, Raw{})
	if e.Key != acme || !e.Known || !e.Overridden || e.Severity != Medium || e.Retry || e.Texts[Swedish].Driver != "Ring oss." || e.Texts[English].Driver == "" {
		t.Errorf("got %+v", e)
	}
	if got := c.KeyOf("", Raw{Code: "OtherError", VendorID: "acme", VendorCode: "E42"}); got != acme {
		t.Errorf("got %s", got)
	}
	err := c.Use(map[Key]Change{{OCPP16, "ConnectorLockFailure"}: low})
	wrong, ok := errors.AsType[*EntryError](err)
	if !ok || wrong.Key.Code != "ConnectorLockFailure" || gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("got %v", err)
	}
	if c.Find(acme, Raw{}).Severity != Medium {
		t.Error("what was refused has changed something")
	}
	if err := c.Use(nil); err != nil || c.Find(acme, Raw{}).Known {
		t.Errorf("what was taken back is still there, or %v", err)
	}
}

func FuzzLookup(f *testing.F) {
	c := load(f)
	f.Add("Alfen", "Alfen", "211", "OtherError", "info", "RCD", "Tripped", "true")
	f.Fuzz(func(t *testing.T, maker, vendor, code, native, info, component, variable, value string) {
		raw := Raw{Code: native, VendorID: vendor, VendorCode: code, Info: info, Component: component, Variable: variable, Value: value}
		k := c.KeyOf(maker, raw)
		if back, ok := ParseKey(k.String()); !ok || back != k {
			t.Errorf("key %q does not come back", k)
		}
		e := c.Find(k, raw)
		for _, l := range []Language{Swedish, English} {
			if said := e.Say(l, map[string]any{"info": info}, nil); said.Name == "" || said.Driver == "" {
				t.Errorf("nothing is said of %q", k)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	c := load(b)
	raw := Raw{Code: "OtherError", VendorID: "com.acme", VendorCode: "E42"}
	for b.Loop() {
		c.Find(c.KeyOf("Acme", raw), raw)
	}
}
