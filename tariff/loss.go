package tariff

import "encoding/json"

// Loss is what of a tariff another format has no place for, or says in another way.
type Loss struct {
	Field  string `json:"field" doc:"Where in the tariff that is converted" example:"elements[2].stepSize"`
	Kept   bool   `json:"kept,omitempty" doc:"It is there still, but not quite the same"`
	Detail string `json:"detail" doc:"What becomes of it"`
}

// Exporter writes versions of tariffs as stations are told them.
type Exporter interface {
	// ExportTariff is v in the words of a station, and what of it they cannot say.
	ExportTariff(v Version) (json.RawMessage, []Loss, error)
}
