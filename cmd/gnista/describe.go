package main

import (
	"gnista/api"
	"gnista/station"
	"gnista/store"
)

// describe writes the description of the API, from which clients are made.
type describe struct{}

// Run writes it.
func (describe) Run(o *output) error {
	var none *store.DB // nothing is asked for
	s := api.Server{Version: version, Network: &station.Network{Settings: none, Commands: none, Customers: none}}
	text, err := s.Describe()
	if err == nil {
		_, err = o.out.Write(append(text, '\n'))
	}
	return err
}
